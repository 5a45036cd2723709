/**
 * The lockstep protocol between the simulated air and one board process, over a stream socket (descriptor 3 of the board; its end in C
 * is host/linux-air.c). Message: u32 length of the rest, u8 type, body; integers big-endian.
 *
 *   air -> board   1 tick {u32 now}  2 frame {u32 now, u8 kind, 6 from, 6 to, i8 rssi, bytes}  3 sent {u32 now, u8 kind, u8 ok}
 *                  4 stats-request {}  5 stop {}
 *   board -> air   16 transmit {u8 kind, 6 to, bytes}  17 done {u32 deadline}  18 stats {JSON}  19 log {utf-8}  20 awake {u32 deadline}
 *
 * `done` ends the answer to every message of the air except stop; `awake` ends a turn that nobody asked for (start, serial line).
 * Deadline 0xffffffff: never.
 */
import type { RadioKind } from '../../firmware/core/ports/index.js';

export type ToBoard =
  | { readonly type: 'tick'; readonly now: number }
  | {
      readonly type: 'frame';
      readonly now: number;
      readonly kind: RadioKind;
      /** 6 octets. */
      readonly from: Uint8Array;
      /** 6 octets. */
      readonly to: Uint8Array;
      /** dBm. */
      readonly rssi: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'sent'; readonly now: number; readonly kind: RadioKind; readonly ok: boolean }
  | { readonly type: 'stats' }
  | { readonly type: 'stop' };

export interface Transmit {
  readonly kind: RadioKind;
  /** 6 octets, all 0xff for everyone. */
  readonly to: Uint8Array;
  readonly bytes: Uint8Array;
}

export type FromBoard =
  | ({ readonly type: 'transmit' } & Transmit)
  /** `deadline`: milliseconds of the air's time, or undefined for never. */
  | { readonly type: 'done' | 'awake'; readonly deadline: number | undefined }
  | { readonly type: 'stats'; readonly json: string }
  | { readonly type: 'log'; readonly line: string };

const kinds: readonly RadioKind[] = ['air', 'ble'];
const NEVER = 0xffffffff;

function message(type: number, size: number): Buffer {
  const buffer = Buffer.alloc(5 + size);
  buffer.writeUInt32BE(1 + size, 0);
  buffer.writeUInt8(type, 4);
  return buffer;
}

export function encode(to: ToBoard): Buffer {
  switch (to.type) {
    case 'tick': {
      const buffer = message(1, 4);
      buffer.writeUInt32BE(to.now, 5);
      return buffer;
    }
    case 'frame': {
      const buffer = message(2, 18 + to.bytes.length);
      buffer.writeUInt32BE(to.now, 5);
      buffer.writeUInt8(kinds.indexOf(to.kind), 9);
      buffer.set(to.from, 10);
      buffer.set(to.to, 16);
      buffer.writeInt8(to.rssi, 22);
      buffer.set(to.bytes, 23);
      return buffer;
    }
    case 'sent': {
      const buffer = message(3, 6);
      buffer.writeUInt32BE(to.now, 5);
      buffer.writeUInt8(kinds.indexOf(to.kind), 9);
      buffer.writeUInt8(to.ok ? 1 : 0, 10);
      return buffer;
    }
    case 'stats':
      return message(4, 0);
    case 'stop':
      return message(5, 0);
  }
}

/** Cuts a stream of octets into the board's messages. */
export class Decoder {
  #rest: Buffer = Buffer.alloc(0);

  /** Messages that the octets complete, in order. Throws on a type that the protocol does not have. */
  *push(octets: Buffer): Generator<FromBoard> {
    this.#rest = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    while (this.#rest.length >= 5) {
      const size = this.#rest.readUInt32BE(0);
      if (this.#rest.length < 4 + size) return;
      const body = this.#rest.subarray(5, 4 + size);
      const type = this.#rest.readUInt8(4);
      this.#rest = this.#rest.subarray(4 + size);
      yield decode(type, body);
    }
  }
}

function decode(type: number, body: Buffer): FromBoard {
  switch (type) {
    case 16:
      // Copies: the stream's buffer is reused, what a board has sent may fly for a while.
      return {
        type: 'transmit',
        kind: kinds[body.readUInt8(0)]!,
        to: new Uint8Array(body.subarray(1, 7)),
        bytes: new Uint8Array(body.subarray(7)),
      };
    case 17:
    case 20: {
      const deadline = body.readUInt32BE(0);
      return { type: type === 17 ? 'done' : 'awake', deadline: deadline === NEVER ? undefined : deadline };
    }
    case 18:
      return { type: 'stats', json: body.toString('utf8') };
    case 19:
      return { type: 'log', line: body.toString('utf8') };
    default:
      throw new Error(`lockstep: the board sent a message of type ${type}`);
  }
}
