/**
 * A second reader of the wire, for tests: walks the syntax tree of the npm `cddl` parser over the octets and says whether they are a message. It is
 * written from RFC 8610, RFC 8949 section 4.2.1 and the rules in common.cddl, and shares nothing with firmware/core/wire but the norm.
 */
import { isUtf8 } from 'node:buffer';
import { parse, type Assignment, type Operator, type Property, type PropertyType } from 'cddl';

export interface Reading {
  /** Why the octets are no message; undefined if they are. */
  readonly refusal: string | undefined;
  /** Pairs under keys that the norm does not know. */
  readonly extensions: number;
}

/** common.cddl: how deep an item under an unknown key may nest, and the largest integer. */
const DEPTH = 4;
const UINT_MAX = 2n ** 53n - 1n;

class Refusal extends Error {}

function refuse(why: string): never {
  throw new Refusal(why);
}

class Octets {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get rest(): number {
    return this.#bytes.length - this.at;
  }

  take(count: bigint | number): Uint8Array {
    if (BigInt(this.rest) < BigInt(count)) refuse('truncated');
    return this.#bytes.subarray(this.at, (this.at += Number(count)));
  }

  number(octets: number): bigint {
    return this.take(octets).reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
  }

  /** Initial octet and argument; the argument of major type 7 may be any bits. */
  head(): { major: number; info: number; value: bigint } {
    const initial = this.take(1)[0]!;
    const [major, info] = [initial >> 5, initial & 31];
    if (info > 27) refuse('indefinite or reserved');
    if (info < 24) return { major, info, value: BigInt(info) };
    const octets = 2 ** (info - 24);
    const value = this.number(octets);
    const least = octets === 1 ? 24n : 2n ** BigInt(octets * 4);
    if (major < 7 && value < least) refuse('a longer head than needed');
    return { major, info, value };
  }

  argument(major: number): bigint {
    const head = this.head();
    return head.major === major ? head.value : refuse(`major type ${head.major}, not ${major}`);
  }
}

export class CddlReader {
  readonly #rules = new Map<string, Assignment>();
  #extensions = 0;

  constructor(...files: readonly string[]) {
    for (const file of files) for (const rule of parse(file)) this.#rules.set(rule.Name, rule);
  }

  read(rule: string, bytes: Uint8Array): Reading {
    const octets = new Octets(bytes);
    this.#extensions = 0;
    try {
      this.#rule(rule, octets);
      if (octets.rest > 0) refuse('trailing octets');
      return { refusal: undefined, extensions: this.#extensions };
    } catch (error) {
      if (error instanceof Refusal) return { refusal: error.message, extensions: this.#extensions };
      throw error;
    }
  }

  /** Each reader answers the value of an integer, for `.default`. */
  #rule(name: string, octets: Octets): bigint | undefined {
    const rule = this.#rules.get(name);
    if (!rule) throw new Error(`no rule ${name}`);
    if (rule.Type === 'variable') return this.#types(rule.PropertyType, octets);
    return rule.Type === 'array' ? this.#array(rule.Values as Property[], octets) : this.#map(rule.Properties as Property[], octets);
  }

  /** A choice: the first alternative that matches. */
  #types(types: PropertyType | PropertyType[], octets: Octets): bigint | undefined {
    const alternatives = Array.isArray(types) ? types : [types];
    const [at, extensions] = [octets.at, this.#extensions];
    let last: unknown;
    for (const type of alternatives) {
      try {
        return this.#type(type, octets);
      } catch (error) {
        last = error;
        octets.at = at;
        this.#extensions = extensions;
      }
    }
    throw last;
  }

  #type(type: PropertyType, octets: Octets): bigint | undefined {
    if (typeof type === 'string') return this.#native(type, undefined, octets);
    if (type.Type === 'array') return this.#array((type as { Values: Property[] }).Values, octets);
    if (type.Type === 'group') return this.#rule((type as { Value: string }).Value, octets);
    if (type.Type === 'literal') return this.#within(octets, type.Value as number, type.Value as number);
    if (type.Type === 'range') {
      const { min, max } = bounds(type);
      return this.#within(octets, min, max);
    }
    const { Type: base, Operator: operator } = type as { Type: PropertyType; Operator: Operator };
    if (operator.Type !== 'default') return this.#native(base as string, operator, octets);
    const value = this.#type(base, octets);
    return value === BigInt(bounds(operator.Value).min) ? refuse('an explicit default') : value;
  }

  #within(octets: Octets, min: number, max: number): bigint {
    const value = octets.argument(0);
    return value >= BigInt(min) && value <= BigInt(max) ? value : refuse(`${value} is not within ${min}..${max}`);
  }

  #native(type: string, operator: Operator | undefined, octets: Octets): bigint | undefined {
    const size = operator && bounds(operator.Value);
    if (type === 'uint') {
      const value = octets.argument(0);
      return value <= UINT_MAX && (!size || value < 256n ** BigInt(size.max)) ? value : refuse(`${value} is too large`);
    }
    if (type === 'bool') {
      const initial = octets.take(1)[0];
      if (initial !== 0xf4 && initial !== 0xf5) refuse('no boolean');
    } else if (type === 'bstr' || type === 'tstr') {
      const length = octets.argument(type === 'bstr' ? 2 : 3);
      if (length < BigInt(size!.min) || length > BigInt(size!.max)) refuse(`${length} octets are not within ${size!.min}..${size!.max}`);
      const string = octets.take(length);
      if (type === 'tstr' && !isUtf8(string)) refuse('no UTF-8');
    } else throw new Error(`no native type ${type}`);
    return undefined;
  }

  #array(values: readonly Property[], octets: Octets): undefined {
    const count = octets.argument(4);
    const [first] = values;
    const list = values.length === 1 && first!.Name === '';
    const { n, m } = list ? first!.Occurrence : { n: values.length, m: values.length };
    if (count < BigInt(n) || count > BigInt(m)) refuse(`${count} items are not within ${n}..${m}`);
    for (let i = 0; i < Number(count); i += 1) this.#types(values[list ? 0 : i]!.Type, octets);
  }

  #map(properties: readonly Property[], octets: Octets): undefined {
    const known = new Map(properties.filter(({ Name: name }) => name.startsWith('@')).map((each) => [this.#key(each.Name), each]));
    const open = properties.some(({ Name: name, Occurrence: { m } }) => name === 'uint' && m === Infinity);
    let last = -1n;
    for (let left = octets.argument(5); left > 0n; left -= 1n) {
      const key = octets.argument(0);
      if (key <= last || key > UINT_MAX) refuse(`key ${key} after ${last}`);
      last = key;
      const property = known.get(key);
      known.delete(key);
      if (property) this.#types(property.Type, octets);
      else if (open) this.#extension(octets);
      else refuse(`unknown key ${key}`);
    }
    for (const { Name: name, Occurrence: occurrence } of known.values()) if (occurrence.n > 0) refuse(`no ${name}`);
  }

  #key(label: string): bigint {
    const rule = this.#rules.get(label) as { PropertyType: { Value: number }[] };
    return BigInt(rule.PropertyType[0]!.Value);
  }

  #extension(octets: Octets): void {
    this.#extensions += 1;
    skipItem(octets, DEPTH);
  }
}

function skipItem(octets: Octets, depth: number): void {
  const { major, info, value } = octets.head();
  if (major === 7 && info === 24 && value < 32n) refuse('a simple value in two octets that has one');
  if (major === 2 || major === 3) octets.take(value);
  if (major < 4 || major === 7) return;
  if (depth === 0) refuse('nested too deep');
  for (let items = major === 5 ? value * 2n : major === 4 ? value : 1n; items > 0n; items -= 1n) skipItem(octets, depth - 1);
}

function bounds(type: PropertyType): { min: number; max: number } {
  const { Type: sort, Value: value } = type as { Type: string; Value: number | { Min: { Value: number }; Max: { Value: number } } };
  if (sort === 'range' && typeof value === 'object') return { min: value.Min.Value, max: value.Max.Value };
  if (typeof value !== 'number') throw new Error(`no bound in ${JSON.stringify(type)}`);
  return { min: value, max: value };
}
