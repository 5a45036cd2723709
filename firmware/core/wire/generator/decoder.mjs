/** The decoder of a message: one function, one local per field, a Reason returned at the first octet that is wrong. */
import { braced, constant, digits, hex, indent, pascal, quote } from './text.mjs';

/** Names that a decoder uses for itself; a field of such a name gets an underscore behind it as a local. */
const TAKEN = new Set(['bytes', 'at', 'end', 'map', 'left', 'i']);

const local = ({ name }) => (TAKEN.has(name) ? `${name}_` : name);
const member = (field) => (local(field) === field.name ? field.name : `${field.name}: ${local(field)}`);

/** `typeOf`: the TypeScript type of an item. */
export function emitDecoder({ name, fields }, typeOf) {
  const members = fields.map((field) => (field.item.literal === undefined ? member(field) : `${field.name}: ${quote(name)}`));
  return [
    '/** The message in bytes[at..end), its octet strings as views; or why not. */',
    `export function decode${pascal(name)}(bytes: Uint8Array, at: number, end: number): ${pascal(name)} | Reason {`,
    ...indent([
      'const map = at;',
      'let left = readHead(bytes, at, end, MAP);',
      'if (left < 0) return left as Reason;',
      'at += left < 24 ? 1 : headSize(left);',
      ...fields.flatMap((field) => readField(field, typeOf)),
      `if (left > 0) at = skipPairs(bytes, map, at, end, left, ${fields.length - 1});`,
      'if (at !== end) return at < 0 ? (at as Reason) : Reason.TrailingBytes;',
      ...braced('return', members, ';', 2),
    ]),
    '}',
    '',
  ];
}

/** A key beyond `end` need not be looked for: the value behind it is truncated all the more. */
function readField(field, typeOf) {
  const { key, optional, item, default: usual } = field;
  const name = local(field);
  const step = ['at += 1;', 'left -= 1;'];
  if (!optional)
    return [
      `if (left === 0 || bytes[at] !== ${key}) return keyFault(bytes, map, at, end, left, ${key});`,
      ...step,
      ...read(item, name, 'const '),
    ];
  return [
    usual === undefined ? `let ${name}: ${typeOf(item).replace(/^readonly /, '')} | undefined;` : `let ${name} = ${usual};`,
    `if (left > 0 && bytes[at] === ${key}) {`,
    ...indent([
      ...step,
      ...read(item, name, ''),
      ...(usual === undefined ? [] : [`if (${name} === ${usual}) return Reason.NotDeterministic;`]),
    ]),
    '}',
  ];
}

/** Lines that read an item at `at` into `name`, go past it, and return a Reason if it is not there. `declare`: 'const ' or nothing. */
function read(item, name, declare) {
  switch (item.type) {
    case 'uint':
      return head(declare, name, 'UINT', item);
    case 'bool':
      return [
        `const ${name}Value = readBool(bytes, at, end);`,
        `if (${name}Value < 0) return ${name}Value as Reason;`,
        `${declare}${name} = ${name}Value === 1;`,
        'at += 1;',
      ];
    case 'enum': {
      const { first, last, name: type } = item;
      return [
        ...head('const ', `${name}Value`, 'UINT', { min: first, max: last }),
        `${declare}${name} = ${constant(`${type}s`)}[${name}Value${first === 0 ? '' : ` - ${first}`}]!;`,
      ];
    }
    case 'bytes':
      return item.min === item.max ? fixedBytes(item, name, declare) : variableBytes(item, name, declare);
    case 'text':
      return [
        ...string(item, name, 'TEXT'),
        `${declare}${name} = readUtf8(bytes, at, at + ${name}Length);`,
        `if (${name} === undefined) return Reason.BadUtf8;`,
        `at += ${name}Length;`,
      ];
    case 'tuple':
      return [...(declare ? [`let ${name}: ${pascal(item.name)};`] : []), '{', ...indent(tuple(item, name)), '}'];
    case 'list':
      return [
        ...head('const ', `${name}Count`, 'LIST', item),
        `${declare}${name} = new Array<${pascal(item.of.name)}>(${name}Count);`,
        `for (let i = 0; i < ${name}Count; i += 1) {`,
        ...indent(tuple(item.of, `${name}[i]`)),
        '}',
      ];
  }
}

/** Reads a head of the major type with a value within bounds, and goes past it. */
function head(declare, name, major, { min, max }) {
  const inside = max === Number.MAX_SAFE_INTEGER ? '' : ` || ${name} > ${digits(max)}`;
  return [
    `${declare}${name} = readHead(bytes, at, end, ${major});`,
    `if (${name} < ${min}${inside}) return refused(${name});`,
    `at += ${size(name, max)};`,
  ];
}

function size(name, max) {
  if (max < 24) return '1';
  if (max < 2 ** 8) return `${name} < 24 ? 1 : 2`;
  return max < 2 ** 16 ? `${name} < 24 ? 1 : ${name} < 256 ? 2 : 3` : `headSize(${name})`;
}

/** The head of a string, all of which stands before `end`. */
function string(item, name, major) {
  return [...head('const ', `${name}Length`, major, item), `if (at + ${name}Length > end) return Reason.Truncated;`];
}

function variableBytes(item, name, declare) {
  return [...string(item, name, 'BYTES'), `${declare}${name} = bytes.subarray(at, at + ${name}Length);`, `at += ${name}Length;`];
}

/** A string of one length has one head, which is compared octet by octet. */
function fixedBytes({ max: octets }, name, declare) {
  const heads = octets < 24 ? [0x40 + octets] : octets < 256 ? [0x58, octets] : [0x59, octets >> 8, octets & 0xff];
  const differs = heads.map((octet, i) => `bytes[at${i === 0 ? '' : ` + ${i}`}] !== ${hex(octet)}`).join(' || ');
  const whole = heads.length + octets;
  return [
    `if (at + ${whole} > end || ${differs}) return bytesFault(bytes, at, end, ${octets});`,
    `${declare}${name} = bytes.subarray(at + ${heads.length}, at + ${whole});`,
    `at += ${whole};`,
  ];
}

/** In a block of its own: the fields as locals, then the object. */
function tuple({ fields }, target) {
  const count = fields.length;
  return [
    `if (bytes[at] !== ${hex(0x80 + count)}) return refused(readHead(bytes, at, end, LIST));`,
    'at += 1;',
    ...fields.flatMap((field) => read(field.item, local(field), 'const ')),
    ...braced(`${target} =`, fields.map(member), ';', 4),
  ];
}
