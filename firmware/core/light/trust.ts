/** What a light client believes: one final header and the committees that speak after it. Kept as octets, so that a restart goes on where it was. */
import { CodedError, concat, u32At } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import { copyOf, Hash } from './hash.js';

/** 17 public keys of 33 octets (chain.cddl, committee-keys). */
const COMMITTEE = 561;
const STATE = 40;
const CURRENT = 72;
const NEXT = CURRENT + COMMITTEE;
/** number 4 | time 4 | hash 32 | state 32 | committee in force 561 | the next one 561. */
const KEPT = NEXT + COMMITTEE;
const NOTHING = new Uint8Array(0);

export class Trust {
  number = -1;
  /** Seconds since 1970. */
  time = 0;
  /** Hash of the header, and its root of the accounts' trie. */
  hash: Uint8Array = NOTHING;
  state: Uint8Array = NOTHING;
  /** Keys of the committee in force at that header and of the one after it, and the hashes of both. */
  current: Uint8Array = NOTHING;
  next: Uint8Array = NOTHING;
  readonly currentRoot = new Hash();
  readonly nextRoot = new Hash();
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  restore(kept: Uint8Array): void {
    if (kept.length !== KEPT) throw new CodedError('light-kept', `a kept trust has ${KEPT} octets, not ${kept.length}`);
    const part = (from: number, to: number): Uint8Array => copyOf(kept.subarray(from, to));
    this.setCurrent(part(CURRENT, NEXT));
    this.believe(u32At(kept, 0), u32At(kept, 4), part(8, STATE), part(STATE, CURRENT), part(NEXT, KEPT));
  }

  kept(): Uint8Array {
    const { number, time } = this;
    const numbers = [number, time].flatMap((each) => [each >>> 24, (each >>> 16) & 255, (each >>> 8) & 255, each & 255]);
    return concat(Uint8Array.from(numbers), this.hash, this.state, this.current, this.next);
  }

  setCurrent(current: Uint8Array): void {
    this.current = current;
    this.#kernels.keccak256(this.currentRoot.octets, current);
  }

  /** The next committee is in force. */
  succeed(): void {
    this.current = this.next;
    this.currentRoot.octets.set(this.nextRoot.octets);
  }

  /** The octets are its own from now on. */
  believe(number: number, time: number, hash: Uint8Array, state: Uint8Array, next: Uint8Array): void {
    this.number = number;
    this.time = time;
    this.hash = hash;
    this.state = state;
    this.next = next;
    this.#kernels.keccak256(this.nextRoot.octets, next);
  }
}
