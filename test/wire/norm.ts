/** The norm for tests: the second reader of a codec's rule, and messages as plain CBOR values by the syntax tree alone. */
import { fileURLToPath } from 'node:url';
import { parse, type Assignment, type Operator, type Property, type PropertyType } from 'cddl';
import type { CborValue } from '../../hosts/node/cbor.js';
import type { Codec, Fields } from '../portable/wire-codecs.js';
import { CddlReader } from './cddl-reader.js';

export const wireFolder = fileURLToPath(new URL('../../firmware/core/wire/', import.meta.url));

const filesOf = ({ file }: Codec): string[] => ['common', file].map((name) => `${wireFolder}${name}.cddl`);
const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const readers = new Map<string, CddlReader>();

export function readerOf(codec: Codec): CddlReader {
  const made = readers.get(codec.file) ?? new CddlReader(...filesOf(codec));
  readers.set(codec.file, made);
  return made;
}

/** What a message is in CBOR: a map from the integers behind the key labels. */
export function toCbor(codec: Codec, message: Fields): CborValue {
  const rules = new Map(filesOf(codec).flatMap((file) => parse(file).map((rule) => [rule.Name, rule])));
  return named(codec.rule, message);

  function named(name: string, value: unknown): CborValue {
    const rule = rules.get(name) as Assignment;
    if (rule.Type === 'array') return tuple(rule.Values as Property[], value as Fields);
    if (rule.Type === 'group') return map(rule.Properties as Property[], value as Fields);
    const types = [rule.PropertyType].flat();
    if (types.length === 1) return item(types, value);
    return typeof value === 'string' ? literal(value) : named((value as { kind: string }).kind, value);
  }

  function map(properties: readonly Property[], fields: Fields): CborValue {
    const pairs: [CborValue, CborValue][] = [];
    for (const { Name: label, Type: type } of properties) {
      const value = fields[camel(label.slice(1))];
      const [{ Operator: operator } = {}] = [type].flat() as { Operator?: Operator }[];
      const usual = operator?.Type === 'default' ? (operator.Value as { Value: unknown }).Value : undefined;
      if (value !== undefined && value !== usual) pairs.push([literal(label), item(type, value)]);
    }
    return new Map(pairs);
  }

  function item(types: PropertyType | PropertyType[], value: unknown): CborValue {
    const type = [types].flat()[0] as { Type: string; Value: unknown; Values: Property[] };
    if (type.Type === 'literal') return type.Value as number;
    if (type.Type === 'group') return named(type.Value as string, value);
    if (type.Type === 'array') return (value as Fields[]).map((each) => item(type.Values[0]!.Type, each));
    return value as CborValue;
  }

  function tuple(values: readonly Property[], fields: Fields): CborValue {
    return values.map(({ Name: name, Type: type }) => item(type, fields[camel(name)]));
  }

  function literal(name: string): number {
    return (rules.get(name) as { PropertyType: { Value: number }[] }).PropertyType[0]!.Value;
  }
}
