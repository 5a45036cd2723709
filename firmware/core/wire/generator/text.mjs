/** Names and layout of generated TypeScript, in the form that the project's formatter leaves as it is. */

/** Columns, as in package.json under prettier. */
const WIDTH = 140;

export const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
export const pascal = (name) => camel(name).replace(/^\w/, (letter) => letter.toUpperCase());
export const constant = (...names) =>
  names
    .map((name) =>
      name
        .replace(/-/g, '_')
        .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
        .toUpperCase(),
    )
    .join('_');
export const quote = (text) => `'${text}'`;
export const hex = (octet) => `0x${octet.toString(16).padStart(2, '0')}`;
export const digits = (value) => (value < 100_000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, '_'));
export const indent = (lines) => lines.map((line) => (line === '' ? '' : `  ${line}`));

/** `head { a, b }tail` on one line if it fits behind `margin` columns, else one name a line. */
export function braced(head, names, tail, margin = 0) {
  const line = `${head} { ${names.join(', ')} }${tail}`;
  return margin + line.length <= WIDTH ? [line] : [`${head} {`, ...names.map((name) => `  ${name},`), `}${tail}`];
}

/** `call(term + term);` on one line if it fits behind `margin` columns, else one term a line. */
export function summed(call, terms, margin) {
  const line = `${call}(${terms.join(' + ')});`;
  return margin + line.length <= WIDTH
    ? [line]
    : [`${call}(`, ...terms.map((term, i) => `${i === 0 ? '  ' : '    '}${term}${i === terms.length - 1 ? ',' : ' +'}`), ');'];
}

/** An import of `names` ("type X" for a type), `import type` when all of it is types; nothing without names. */
export function importLine(names, from) {
  if (names.length === 0) return [];
  const typed = names.every((name) => name.startsWith('type '));
  const list = typed ? names.map((name) => name.slice('type '.length)) : names;
  return braced(typed ? 'import type' : 'import', list, ` from ${quote(from)};`);
}
