/**
 * From the syntax tree of the npm `cddl` parser to a small model: messages (maps) of fields, choices between messages, enumerations.
 * It takes exactly the subset of CDDL (RFC 8610) that common.cddl describes; anything else stops it with the file, the rule and the field.
 *
 *   Scalar = { type: 'uint', min, max, literal? } | { type: 'bool' } | { type: 'bytes' | 'text', min, max } | { type: 'enum', name, first, last }
 *   Tuple = { type: 'tuple', name, fields: Field[] }     its fields are scalars
 *   Item = Scalar | Tuple | { type: 'list', min, max, of: Tuple }
 *   Field = { name, says, item, key, optional, default? }        (a tuple's fields have no key and are never optional)
 */
import { camel } from './text.mjs';

/** Largest integer that a JavaScript number holds exactly: a `uint` without a bound. */
const UINT_MAX = Number.MAX_SAFE_INTEGER;
/** Kinds stay below it: two octets. */
const KINDS = 256;
/** Keys, enumerated values and counts of fields stay below it: one octet each, RFC 8949 section 3. */
const ONE_OCTET = 24;

/** `shared`: rules that `rules` may name but that are emitted elsewhere. */
export function model(file, rules, shared = []) {
  return new Model(file, rules, shared);
}

class Model {
  messages;
  choices;
  enums = [];
  tuples = [];
  #file;
  #shared;
  #known = new Map();

  constructor(file, rules, shared) {
    this.#file = file;
    this.#shared = shared;
    for (const rule of [...shared, ...rules]) {
      if (this.#known.has(rule.Name)) this.#fail(rule.Name, 'is defined twice');
      this.#known.set(rule.Name, rule);
    }
    for (const rule of rules) if (this.#isEnum(rule)) this.#enum(rule);
    this.messages = rules.filter((rule) => rule.Type === 'group').map((rule) => this.#message(rule));
    this.choices = rules.filter((rule) => membersOf(rule) && !this.#isEnum(rule)).map((rule) => this.#choice(rule));
  }

  #fail(where, what) {
    throw new Error(`${this.#file}.cddl: ${where} ${what}`);
  }

  #rule(name, where) {
    return this.#known.get(name) ?? this.#fail(where, `names ${name}, which is not defined`);
  }

  #message({ Name: name, Properties: properties }) {
    const extension = properties.at(-1);
    if (extension?.Name !== 'uint' || extension.Type[0] !== 'any' || extension.Occurrence.m !== Infinity)
      this.#fail(name, 'does not end with the extension rule `* uint => any`');
    const fields = properties.slice(0, -1).map((property, index) => this.#mapField(name, property, index));
    if (fields.length === 0) this.#fail(name, 'has no field');
    return { name, fields, kind: fields[0].item.literal };
  }

  #mapField(owner, property, index) {
    const { Name: label, HasCut: cut, Occurrence: occurrence, Type: types } = property;
    const where = `${owner}.${label}`;
    if (!label.startsWith('@')) this.#fail(where, 'is not a key label (@name)');
    const key = this.#octet(label, where);
    if (key !== index) this.#fail(where, `has key ${key}: keys ascend from 0 without a gap`);
    const optional = occurrence.n === 0;
    if (occurrence.m !== 1) this.#fail(where, 'occurs more than once');
    if (optional !== cut) this.#fail(where, 'is optional without a cut, or has a cut without being optional');
    const operator = types[0].Operator;
    const usual = operator?.Type === 'default' ? operator.Value.Value : undefined;
    const item = this.#item(usual === undefined ? types : types[0].Type, where);
    if (usual !== undefined && !(optional && item.type === 'uint')) this.#fail(where, 'has a default, but is not an optional integer');
    return { name: camel(label.slice(1)), key, optional, default: usual, item, says: says(property) };
  }

  #item(node, where) {
    if (Array.isArray(node)) return node.length === 1 ? this.#item(node[0], where) : this.#fail(where, 'is a choice without a name');
    if (node.Type === 'array') return this.#list(node, where);
    if (node.Type === 'group') {
      const rule = this.#rule(node.Value, where);
      return rule.Type === 'array' ? this.#tuple(rule) : this.#scalar(node, where);
    }
    return this.#scalar(node, where);
  }

  #list({ Values: values }, where) {
    const [{ Occurrence: occurrence, Type: of }] = values;
    if (values.length !== 1 || !Number.isFinite(occurrence.m)) this.#fail(where, 'is not a list [n*m item]');
    const item = this.#item(of, where);
    if (item.type !== 'tuple') this.#fail(where, 'is a list of something else than arrays');
    return { type: 'list', min: occurrence.n, max: occurrence.m, of: item };
  }

  #tuple({ Name: name, Values: values }) {
    const made = this.tuples.find((each) => each.name === name);
    if (made) return made;
    if (values.length >= ONE_OCTET) this.#fail(name, `has ${ONE_OCTET} items or more`);
    const fields = values.map((value) => {
      const { n, m } = value.Occurrence;
      if (n !== 1 || m !== 1 || value.Name === '') this.#fail(name, 'is not an array of named items');
      const item = this.#scalar(value.Type[0], `${name}.${value.Name}`);
      return { name: camel(value.Name), item, says: says(value) };
    });
    const tuple = { type: 'tuple', name, fields };
    this.tuples.push(tuple);
    return tuple;
  }

  #scalar(node, where) {
    if (typeof node === 'string') return this.#native(node, undefined, where);
    if (node.Type === 'range') return { type: 'uint', ...this.#range(node, where) };
    if (node.Type === 'literal') return { type: 'uint', literal: this.#natural(node, where, KINDS), min: node.Value, max: node.Value };
    if (node.Type !== 'group') return this.#native(node.Type, node.Operator, where);
    const rule = this.#rule(node.Value, where);
    if (this.#isEnum(rule)) return this.#enum(rule);
    if (rule.Type !== 'variable') this.#fail(where, `holds ${rule.Name}, which is not a plain value`);
    return this.#scalar(rule.PropertyType[0], where);
  }

  #native(type, operator, where) {
    const size = operator?.Type === 'size' ? this.#range(operator.Value, where) : undefined;
    if (operator && !size) this.#fail(where, `has the operator .${operator.Type}, which is not supported`);
    if (type === 'bool') return { type: 'bool' };
    if (type === 'uint') return { type: 'uint', min: 0, max: Math.min(size ? 2 ** (8 * size.max) - 1 : UINT_MAX, UINT_MAX) };
    if (type !== 'bstr' && type !== 'tstr') this.#fail(where, `has the type ${type}, which is not supported`);
    if (!size) this.#fail(where, 'has no .size: every string is bounded');
    return { type: type === 'bstr' ? 'bytes' : 'text', ...size };
  }

  /** A range, or a literal as a range of one. */
  #range({ Type: type, Value: value }, where) {
    const [min, max] = type === 'range' ? [value.Min.Value, value.Max.Value] : [value, value];
    if (value.Inclusive === false || !Number.isInteger(min) || !Number.isInteger(max) || min < 0 || min > max)
      this.#fail(where, 'has a bound that is not a natural number or low..high');
    return { min, max };
  }

  #choice(rule) {
    const of = membersOf(rule).map(
      ({ Value: name }) =>
        this.messages.find((each) => each.name === name) ?? this.#fail(rule.Name, `chooses ${name}, which is no message`),
    );
    const kinds = of.map(({ kind }) => kind);
    if (kinds.includes(undefined) || new Set(kinds).size < kinds.length) this.#fail(rule.Name, 'cannot be told apart by key 0');
    return { name: rule.Name, of };
  }

  /** A choice between names of numbers. */
  #isEnum(rule) {
    return membersOf(rule)?.every(({ Value: name }) => this.#known.get(name)?.Type === 'variable') ?? false;
  }

  #enum(rule) {
    const made = this.enums.find(({ name }) => name === rule.Name);
    if (made) return made;
    const names = membersOf(rule).map(({ Value: name }) => name);
    const values = names.map((name) => this.#octet(name, rule.Name));
    const [first] = values;
    if (values.some((value, index) => value !== first + index)) this.#fail(rule.Name, 'is not numbered in a row');
    const file = this.#shared.includes(rule) ? 'common' : this.#file;
    const item = { type: 'enum', name: rule.Name, names, first, last: values.at(-1), file };
    this.enums.push(item);
    return item;
  }

  /** The number below 24 that a name stands for. */
  #octet(name, where) {
    return this.#natural(this.#rule(name, where).PropertyType?.[0], where);
  }

  #natural(node, where, limit = ONE_OCTET) {
    const value = node?.Value;
    if (!Number.isInteger(value) || value < 0 || value >= limit) this.#fail(where, `is not a number below ${limit}`);
    return value;
  }
}

/** The alternatives of `name = a / b`, or undefined. */
function membersOf({ Type: type, PropertyType: of }) {
  return type === 'variable' && of.length > 1 ? of : undefined;
}

const says = ({ Comments: comments }) => comments.map(({ Content: content }) => content).join(' ');
