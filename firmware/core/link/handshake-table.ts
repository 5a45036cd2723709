/** Handshakes under way as one preallocated byte table of 420 octets each, and two columns of times. */
import { CodedError, sameOctets, u16At, u32At } from '../base/index.js';
import { NOISE_STATE_OCTETS } from './noise.js';

export const HandshakeState = { Free: 0, Waiting: 1, Settled: 2 } as const;
export type HandshakeState = (typeof HandshakeState)[keyof typeof HandshakeState];

const STATE = 0;
const IS_IK = 1;
const IS_INITIATOR = 2;
const STEP = 3;
const KIND = 4;
const TRIES = 5;
const ATTEMPT = 6;
const MAC = 8;
const LENGTH = 14;
const ROLE = 15;
const ID = 16;
const GROUP = 24;
const NUMBER = 56;
const BOOT = 60;
const NOISE = 64;
const MESSAGE = NOISE + NOISE_STATE_OCTETS;
/** link.cddl; IK's first message is the longest: a key 33, a sealed key 49, a sealed greeting at most 66. */
export const MESSAGE_MOST = 160;
const OCTETS = MESSAGE + MESSAGE_MOST;
const TIMES = 2;
const DUE = 0;
const SINCE = 1;

export class HandshakeTable {
  readonly capacity: number;
  readonly #octets: Uint8Array;
  readonly #times: Float64Array;
  /** Rows that are not free. */
  used = 0;

  constructor(capacity: number) {
    if (capacity < 1 || capacity > 32) throw new CodedError('handshake-capacity', `${capacity} is not in 1..32`);
    this.capacity = capacity;
    this.#octets = new Uint8Array(capacity * OCTETS);
    this.#times = new Float64Array(capacity * TIMES);
  }

  /** free -> waiting: a row for a station. id: 8 octets, or undefined while it is not known. */
  claim(
    row: number,
    now: number,
    isIk: boolean,
    isInitiator: boolean,
    kind: number,
    mac: Uint8Array,
    id: Uint8Array | undefined,
    attempt: number,
  ): void {
    const at = row * OCTETS;
    this.free(row);
    this.used += 1;
    this.#octets[at + STATE] = HandshakeState.Waiting;
    this.#octets[at + IS_IK] = isIk ? 1 : 0;
    this.#octets[at + IS_INITIATOR] = isInitiator ? 1 : 0;
    this.#octets[at + KIND] = kind;
    this.#octets[at + ATTEMPT] = attempt >>> 8;
    this.#octets[at + ATTEMPT + 1] = attempt;
    this.#octets.set(mac, at + MAC);
    if (id !== undefined) this.#octets.set(id, at + ID);
    this.#times[row * TIMES + DUE] = 0;
    this.#times[row * TIMES + SINCE] = now;
  }

  /** any -> free; ephemeral secret and keys are gone. */
  free(row: number): void {
    if (this.state(row) !== HandshakeState.Free) this.used -= 1;
    this.#octets.fill(0, row * OCTETS, (row + 1) * OCTETS);
  }

  settle(row: number, now: number): void {
    this.#octets[row * OCTETS + STATE] = HandshakeState.Settled;
    this.#times[row * TIMES + SINCE] = now;
  }

  state(row: number): HandshakeState {
    return this.#octets[row * OCTETS + STATE] as HandshakeState;
  }

  isIk(row: number): boolean {
    return this.#octets[row * OCTETS + IS_IK] === 1;
  }

  isInitiator(row: number): boolean {
    return this.#octets[row * OCTETS + IS_INITIATOR] === 1;
  }

  /** Number of the message kept. */
  step(row: number): number {
    return this.#octets[row * OCTETS + STEP]!;
  }

  kind(row: number): number {
    return this.#octets[row * OCTETS + KIND]!;
  }

  attempt(row: number): number {
    return u16At(this.#octets, row * OCTETS + ATTEMPT);
  }

  tries(row: number): number {
    return this.#octets[row * OCTETS + TRIES]!;
  }

  setTries(row: number, tries: number): void {
    this.#octets[row * OCTETS + TRIES] = tries;
  }

  /** View of 6 octets. */
  mac(row: number): Uint8Array {
    return this.#octets.subarray(row * OCTETS + MAC, row * OCTETS + MAC + 6);
  }

  /** View of 8 octets; of the responder, if we are the initiator. */
  id(row: number): Uint8Array {
    return this.#octets.subarray(row * OCTETS + ID, row * OCTETS + ID + 8);
  }

  /** When the message kept is to be sent; 0: not. */
  due(row: number): number {
    return this.#times[row * TIMES + DUE]!;
  }

  /** 0: not to be sent. */
  setDue(row: number, due: number): void {
    this.#times[row * TIMES + DUE] = due;
  }

  sendNow(row: number, now: number): void {
    this.setDue(row, Math.max(now, 1));
  }

  since(row: number): number {
    return this.#times[row * TIMES + SINCE]!;
  }

  /** View of the handshake's state. */
  noise(row: number): Uint8Array {
    return this.#octets.subarray(row * OCTETS + NOISE, row * OCTETS + MESSAGE);
  }

  /** View of what is kept to be sent. */
  message(row: number): Uint8Array {
    const at = row * OCTETS + MESSAGE;
    return this.#octets.subarray(at, at + this.#octets[row * OCTETS + LENGTH]!);
  }

  keepMessage(row: number, step: number, message: Uint8Array): void {
    const at = row * OCTETS;
    this.#octets.set(message, at + MESSAGE);
    this.#octets[at + LENGTH] = message.length;
    this.#octets[at + STEP] = step;
    this.#octets[at + TRIES] = 0;
  }

  /** What the peer said of its broadcasts. */
  keepGreeting(row: number, group: Uint8Array, number: number, boot: number, role: number): void {
    const at = row * OCTETS;
    this.#octets.set(group, at + GROUP);
    this.#octets[at + ROLE] = role;
    for (let i = 0; i < 4; i += 1) {
      this.#octets[at + NUMBER + i] = number >>> (24 - 8 * i);
      this.#octets[at + BOOT + i] = boot >>> (24 - 8 * i);
    }
  }

  group(row: number): { readonly key: Uint8Array; readonly counter: number } {
    const at = row * OCTETS;
    return { key: this.#octets.subarray(at + GROUP, at + GROUP + 32), counter: u32At(this.#octets, at + NUMBER) };
  }

  boot(row: number): number {
    return u32At(this.#octets, row * OCTETS + BOOT);
  }

  role(row: number): number {
    return this.#octets[row * OCTETS + ROLE]!;
  }

  /** The row of a station, or -1. */
  find(kind: number, mac: Uint8Array): number {
    for (let row = 0; row < this.capacity; row += 1)
      if (this.state(row) !== HandshakeState.Free && this.kind(row) === kind && sameOctets(this.#octets, row * OCTETS + MAC, mac, 0, 6))
        return row;
    return -1;
  }

  /** A row that may be used: a free one, else one that is settled, else one that `mayGo`; the oldest; -1 if none. */
  vacancy(mayGo: (row: number) => boolean): number {
    let best = -1;
    for (let row = 0; row < this.capacity; row += 1) {
      if (this.state(row) === HandshakeState.Free) return row;
      if (!mayGo(row)) continue;
      if (best < 0 || this.since(row) < this.since(best)) best = row;
    }
    return best;
  }
}
