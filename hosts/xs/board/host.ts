/**
 * What the C host gives to a bundle and expects from it. The host object is all of the world that JavaScript on a board can reach;
 * buffers cross as ArrayBuffer, numbers as integers.
 */
import type { NativeKernels } from '../../../assembly/native/kernels.js';

export interface Host {
  /** kind: 0 air, 1 ble; to: 6 octets. One in flight per kind: `sent` answers. */
  transmit(kind: number, to: Uint8Array, bytes: Uint8Array): void;
  /** Octets the serial driver takes now; -1: the board has no serial line. */
  serialRoom(): number;
  serialWrite(bytes: Uint8Array): void;
  /** Keys: 1 to 15 letters, digits, `-` and `_`. Values: at most 1,024 octets. */
  get(key: string): ArrayBuffer | undefined;
  /** Durable on return. */
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** Fills it with entropy. */
  random(into: Uint8Array): void;
  /**
   * Asymmetric work beside the turns; `job` of the handlers answers under the same id (31 bits). Kind and input: 1 public key (secret 32), 2 sign
   * (digest 32, secret 32), 3 verify (signature 64, digest 32, key 33, low S 1), 4 recover (signature 65, digest 32), 5 ECDH (secret 32, peer 33).
   * False: all places are taken, ask again after an answer.
   */
  job(kind: number, id: number, input: Uint8Array): boolean;
  log(line: string): void;
  /** Collects garbage, then says what is live at most: the fields of HealthReading. */
  health(): HealthFields;
  /** Instructions that the processor has executed; NaN where nobody counts them (Linux). */
  instructions(): number;
  /** The C kernels. */
  readonly kernels: NativeKernels;
}

export interface HealthFields {
  chunkPeak: number;
  chunkSize: number;
  slotPeak: number;
  slotSize: number;
  stackPeak: number;
  stackSize: number;
  computation: number;
  overruns: number;
}

/** What `start(host)` returns. Each function is one event, one turn; `now` is milliseconds since the start or of the air. */
export interface Handlers {
  tick(now: number): void;
  /** buffer: 6 octets from, 6 octets to, then the frame. */
  frame(now: number, kind: number, rssi: number, buffer: ArrayBuffer): void;
  sent(now: number, kind: number, ok: number): void;
  serial(now: number, a: number, b: number, buffer: ArrayBuffer): void;
  /** The answer to a job; empty if it failed, and after a verification. */
  job?(now: number, id: number, ok: number, buffer: ArrayBuffer): void;
  /** When to send the next tick; Infinity or past 2^32: never. */
  deadline(): number;
  /** Counters as JSON text, at most 4 KiB. */
  counters(): string;
}
