/**
 * What was sent, in order: the sha256 over every transmission is the fingerprint of a run. Same seed, same fingerprint, on every engine.
 * One record: start in microseconds 8, transmitter 6, kind 1 (0 air, 1 ble), addressee 6, length 2, octets; integers big-endian.
 */
import { createHash } from 'node:crypto';
import { hex, type Micros } from '../../firmware/core/base/index.js';
import type { RadioKind } from '../../firmware/core/ports/index.js';

export interface Transmission {
  readonly at: Micros;
  readonly from: Uint8Array;
  readonly kind: RadioKind;
  readonly to: Uint8Array;
  readonly bytes: Uint8Array;
}

export class Trace {
  readonly #hash = createHash('sha256');
  #transmissions = 0;

  add({ at, from, kind, to, bytes }: Transmission): void {
    const head = new Uint8Array(23);
    const view = new DataView(head.buffer);
    view.setBigUint64(0, BigInt(at));
    head.set(from, 8);
    head[14] = kind === 'air' ? 0 : 1;
    head.set(to, 15);
    view.setUint16(21, bytes.length);
    this.#hash.update(head).update(bytes);
    this.#transmissions += 1;
  }

  get transmissions(): number {
    return this.#transmissions;
  }

  /** 64 hexadecimal digits over everything so far; more may follow. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** A transmission as one line for a person or a diff. */
export function traceLine({ at, from, kind, to, bytes }: Transmission): string {
  return `${at} ${kind} ${hex(from)} ${hex(to)} ${hex(bytes)}`;
}
