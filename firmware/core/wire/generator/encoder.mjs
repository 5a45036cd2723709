/** The encoder of a message: bounds checked, keys in order, optional fields counted in the map's head. */
import { constant, digits, hex, indent, pascal, quote, summed } from './text.mjs';

/** How a map of `count` pairs begins, and a list of `count` items: one octet each, as the model keeps them below 24. */
const MAP = 0xa0;
const LIST = 0x80;

export function emitEncoder({ name, fields }) {
  const optional = fields.filter((field) => field.optional);
  const absent = (field) => `m.${field.name} === ${field.default ?? 'undefined'}`;
  const lines = [
    ...summed('w.u8', [hex(MAP + fields.length - optional.length), ...optional.map((field) => `(${absent(field)} ? 0 : 1)`)], 2),
    ...fields.flatMap((field) => {
      const put = [`w.u8(${field.key});`, ...write(field.item, `m.${field.name}`, `${name}.${field.name}`)];
      return field.optional ? [`if (${absent(field).replace('===', '!==')}) {`, ...indent(put), '}'] : put;
    }),
  ];
  const given = lines.some((line) => line.includes('m.')) ? 'm' : '_m';
  return [
    '/** A value outside its bounds is our own misuse and throws. */',
    `export function encode${pascal(name)}(w: ByteWriter, ${given}: ${pascal(name)}): void {`,
    ...indent(lines),
    '}',
    '',
  ];
}

function write(item, value, field) {
  const bounds = `${digits(item.min ?? 0)}, ${digits(item.max ?? 0)}, ${quote(field)}`;
  switch (item.type) {
    case 'uint':
      if (item.literal === undefined) return [`writeUint(w, ${value}, ${bounds});`];
      return item.literal < 24 ? [`w.u8(${item.literal});`] : ['w.u8(0x18);', `w.u8(${item.literal});`];
    case 'bool':
      return [`writeBool(w, ${value});`];
    case 'bytes':
      return [`writeBytes(w, ${value}, ${bounds});`];
    case 'text':
      return [`writeText(w, ${value}, ${bounds});`];
    case 'enum': {
      const { first, last, name } = item;
      const number = `${first === 0 ? '' : `${first} + `}${constant(`${name}s`)}.indexOf(${value})`;
      return [`writeUint(w, ${number}, ${first}, ${last}, ${quote(field)});`];
    }
    case 'tuple':
      return [
        `w.u8(${hex(LIST + item.fields.length)});`,
        ...item.fields.flatMap((each) => write(each.item, `${value}.${each.name}`, `${field}.${each.name}`)),
      ];
    case 'list':
      return [
        `writeCount(w, ${value}.length, ${bounds});`,
        `for (let i = 0; i < ${value}.length; i += 1) {`,
        `  const item = ${value}[i]!;`,
        ...indent(write(item.of, 'item', field)),
        '}',
      ];
  }
}
