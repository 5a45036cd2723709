/**
 * cbor-x with the one set of options under which it reads and writes the same octets as firmware/core/wire: deterministic CBOR
 * (RFC 8949 section 4.2.1). Everything on the hosts that meets CBOR outside the generated codecs goes through here.
 *
 *   no tag 64     octet strings are plain, not typed arrays
 *   no tag 259    maps are plain, and never become objects: their keys are integers
 *   BigInt        cbor-x writes a number past 2^32 as a float, and a BigInt of any size in 9 octets: only what needs 9 octets goes to it as BigInt
 */
import { Encoder, type Options } from 'cbor-x';

/** A bigint only past Number.MAX_SAFE_INTEGER. */
export type CborValue = number | bigint | boolean | string | null | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<CborValue, CborValue>;

/** The last two exist in cbor-x 1.6 but not in its typings. */
export const cborOptions: Options & { useTag259ForMaps: boolean; int64AsNumber: boolean } = {
  useRecords: false,
  mapsAsObjects: false,
  tagUint8Array: false,
  useTag259ForMaps: false,
  int64AsNumber: false,
};

const codec = new Encoder(cborOptions);

/** Keys are put in bytewise order of their encodings. */
export function encodeCbor(value: CborValue): Uint8Array {
  return plain(codec.encode(prepare(value)));
}

/** Throws an Error for what is not one well-formed item. Lenient where RFC 8949 is: deterministic or not is for the generated decoders to judge. */
export function decodeCbor(octets: Uint8Array): CborValue {
  return normalise(codec.decode(octets));
}

/** What cbor-x is to write: keys in order, integers past 2^32 as BigInt. */
function prepare(value: CborValue): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) >= 2 ** 32 ? BigInt(value) : value;
  if (value instanceof Map) {
    const pairs = [...(value as CborMap)].map(([key, each]) => [key, prepare(each), codec.encode(prepare(key))] as const);
    return new Map(pairs.sort((a, b) => Buffer.compare(a[2], b[2])).map(([key, each]) => [prepare(key), each]));
  }
  return Array.isArray(value) ? value.map(prepare) : value;
}

/** What cbor-x has read, without its Buffers, and with BigInt only where a number would not be exact. */
function normalise(value: unknown): CborValue {
  if (typeof value === 'bigint') return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  if (value instanceof Uint8Array) return plain(value);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [normalise(key), normalise(each)]));
  if (Array.isArray(value)) return value.map(normalise);
  return value as CborValue;
}

const plain = (octets: Uint8Array): Uint8Array => new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
