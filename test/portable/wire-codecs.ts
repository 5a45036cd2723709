/** The wire's codecs by name, and how vectors in JSON name octets: shared by the wire's suites on every engine. */
import { ByteWriter, hex, type Reason } from '../../firmware/core/base/index.js';
import * as wire from '../../firmware/core/wire/index.js';
import { check, equal, same } from './harness.js';

export interface Codec {
  /** File of the norm, and the rule in it. */
  readonly file: string;
  readonly rule: string;
  /** Most octets of a message without extensions. */
  readonly max: number;
  encode(w: ByteWriter, message: Fields): void;
  decode(bytes: Uint8Array, at: number, end: number): Fields | Reason;
}
export type Fields = Readonly<Record<string, unknown>>;

function codec<M>(
  file: string,
  rule: string,
  max: number,
  encode: (w: ByteWriter, message: M) => void,
  decode: (bytes: Uint8Array, at: number, end: number) => M | Reason,
): Codec {
  return { file, rule, max, encode, decode } as unknown as Codec;
}

/** Every rule that stands alone on the wire. */
export const codecs: readonly Codec[] = [
  codec('link', 'beacon', wire.BEACON_MAX, wire.encodeBeacon, wire.decodeBeacon),
  codec('link', 'handshake', wire.HANDSHAKE_MAX, wire.encodeHandshake, wire.decodeHandshake),
  codec('link', 'greeting', wire.GREETING_MAX, wire.encodeGreeting, wire.decodeGreeting),
  codec('mesh', 'routing', wire.ROUTING_MAX, wire.encodeRouting, wire.decodeRouting),
  codec('transport', 'packet', wire.PACKET_MAX, wire.encodePacket, wire.decodePacket),
  codec('app', 'message', wire.MESSAGE_MAX, wire.encodeMessage, wire.decodeMessage),
  codec('chain', 'chain', wire.CHAIN_MAX, wire.encodeChain, wire.decodeChain),
  codec('channel', 'payment', wire.PAYMENT_MAX, wire.encodePayment, wire.decodePayment),
  codec('content', 'content-message', wire.CONTENT_MESSAGE_MAX, wire.encodeContentMessage, wire.decodeContentMessage),
  codec('serial', 'hello', wire.HELLO_MAX, wire.encodeHello, wire.decodeHello),
];

export function codecOf(rule: string): Codec {
  const found = codecs.find((each) => each.rule === rule);
  check(found !== undefined, `no codec for ${rule}`);
  return found;
}

/** Room for the largest message of any codec. */
const ROOM = 8_192;

export function encode({ encode: write }: Codec, message: Fields): Uint8Array {
  const w = new ByteWriter(new Uint8Array(ROOM));
  write(w, message);
  check(!w.overflow, 'a message overflowed');
  return w.written();
}

export function unhex(text: string): Uint8Array {
  const pairs = text.match(/[0-9a-f]{2}/g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** JSON in which { "hex": "..." } is an octet string, { "zeros": n } one of n zeros and { "repeat": text, "times": n } a long text or list. */
export function fromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== 'object' || value === null) return value;
  const { hex: octets, zeros, repeat, times } = value as { hex?: string; zeros?: number; repeat?: unknown; times?: number };
  if (octets !== undefined) return unhex(octets);
  if (zeros !== undefined) return new Uint8Array(zeros);
  if (typeof repeat === 'string') return repeat.repeat(times!);
  if (repeat !== undefined) return Array.from({ length: times! }, () => fromJson(repeat));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fromJson(each)]));
}

/** Deep equality of messages; a field that is undefined counts as absent. */
export function sameMessage(actual: unknown, expected: unknown, what: string): void {
  if (expected instanceof Uint8Array) {
    check(actual instanceof Uint8Array, `${what} is no octet string`);
    same(actual, expected, what);
  } else if (typeof expected === 'object' && expected !== null) {
    check(typeof actual === 'object' && actual !== null, `${what} is ${String(actual)}`);
    const [has, wants] = [actual as Fields, expected as Fields];
    for (const name of new Set([...Object.keys(has), ...Object.keys(wants)])) sameMessage(has[name], wants[name], `${what}.${name}`);
  } else equal(actual as string, expected as string, what);
}

export { hex };
