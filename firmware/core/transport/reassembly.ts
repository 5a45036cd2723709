/**
 * Messages that arrive in pieces. A few at a time, with a cap on their octets together; what gets no new piece for a while is given up. Who has no
 * room says so, and the sender waits.
 */
import { sameOctets, type Millis } from '../base/index.js';
import { RECEIPT_ARRIVED_MAX, type Segment } from '../wire/index.js';

/** Longer than a sender takes between two tries at its largest timeout, twice. */
const IDLE = 15_000;

export interface ReassemblyCaps {
  /** Messages in pieces at once. */
  readonly messages: number;
  /** Octets of one message. */
  readonly messageOctets: number;
  /** Octets of all of them. */
  readonly octets: number;
}

export type Placed = 'no-room' | 'too-long' | 'malformed' | Incoming;

export class Reassembly {
  readonly #caps: ReassemblyCaps;
  readonly #incoming: Incoming[] = [];
  #octets = 0;

  constructor(caps: ReassemblyCaps) {
    this.#caps = caps;
  }

  /** Put a piece in its place. `sender`: 8 octets, the leaf's id or else the node's. */
  place(now: Millis, sender: Uint8Array, segment: Segment): Placed {
    let incoming = this.#find(sender, segment.number);
    if (incoming === undefined) {
      // At least so many: the other pieces have this one's size, or more if it is the last.
      const octets = (segment.index < segment.count - 1 ? segment.count - 1 : segment.count) * segment.payload.length;
      if (octets > this.#caps.messageOctets) return 'too-long';
      if (!this.#makeRoom(now, octets)) return 'no-room';
      incoming = new Incoming(sender, segment);
      this.#incoming.push(incoming);
    }
    const before = incoming.octets;
    if (segment.index < segment.count - 1 && incoming.size === 0) {
      const octets = (segment.count - 1) * segment.payload.length;
      if (octets > this.#caps.messageOctets) return this.#giveUp(incoming, 'too-long');
      if (this.#octets + octets > this.#caps.octets) return this.#giveUp(incoming, 'no-room');
    }
    if (!incoming.take(now, segment)) return 'malformed';
    this.#octets += incoming.octets - before;
    return incoming;
  }

  remove(incoming: Incoming): void {
    const at = this.#incoming.indexOf(incoming);
    if (at < 0) return;
    this.#incoming.splice(at, 1);
    this.#octets -= incoming.octets;
  }

  #giveUp(incoming: Incoming, why: 'too-long' | 'no-room'): Placed {
    this.remove(incoming);
    return why;
  }

  #find(sender: Uint8Array, number: number): Incoming | undefined {
    for (const incoming of this.#incoming) if (incoming.number === number && sameOctets(incoming.sender, 0, sender, 0, 8)) return incoming;
    return undefined;
  }

  /** Room for one more message of so many octets; the idle ones go for it. */
  #makeRoom(now: Millis, octets: number): boolean {
    for (let i = this.#incoming.length - 1; i >= 0; i -= 1) if (now - this.#incoming[i]!.at > IDLE) this.remove(this.#incoming[i]!);
    return this.#incoming.length < this.#caps.messages && this.#octets + octets <= this.#caps.octets;
  }
}

export class Incoming {
  readonly sender: Uint8Array;
  readonly number: number;
  readonly count: number;
  /** Octets of every piece but the last; 0 while unknown. */
  size = 0;
  /** Octets held. */
  octets = 0;
  at: Millis | 0 = 0;
  readonly #got: Uint8Array;
  #pieces = 0;
  #body: Uint8Array | undefined;
  #tail: Uint8Array | undefined;

  constructor(sender: Uint8Array, segment: Segment) {
    this.sender = sender.slice();
    this.number = segment.number;
    this.count = segment.count;
    this.#got = new Uint8Array((segment.count + 7) >> 3);
  }

  get isWhole(): boolean {
    return this.#pieces === this.count;
  }

  /** False if the piece does not fit the others. One that is here already changes nothing. */
  take(now: Millis, { index, count, payload }: Segment): boolean {
    if (count !== this.count || index >= count) return false;
    if (index === count - 1) {
      if (payload.length === 0 || (this.size > 0 && payload.length > this.size)) return false;
      if (this.#tail === undefined) {
        this.#tail = payload.slice();
        this.octets += payload.length;
      }
    } else {
      if (payload.length === 0 || (this.size > 0 && payload.length !== this.size)) return false;
      if (this.#tail !== undefined && this.#tail.length > payload.length) return false;
      if (this.#body === undefined) {
        this.size = payload.length;
        this.#body = new Uint8Array(this.size * (count - 1));
        this.octets += this.#body.length;
      }
      this.#body.set(payload, index * this.size);
    }
    this.at = now;
    const bit = 0x80 >> (index & 7);
    if ((this.#got[index >> 3]! & bit) === 0) {
      this.#got[index >> 3] = this.#got[index >> 3]! | bit;
      this.#pieces += 1;
    }
    return true;
  }

  /** The whole message. */
  join(): Uint8Array {
    const body = this.#body ?? new Uint8Array(0);
    const tail = this.#tail ?? new Uint8Array(0);
    const whole = new Uint8Array(body.length + tail.length);
    whole.set(body);
    whole.set(tail, body.length);
    return whole;
  }

  /** What a receipt says: the first piece that is missing, and a bit for each after it as far as any has arrived. */
  missing(): { readonly next: number; readonly arrived: Uint8Array | undefined } {
    let next = 0;
    while (next < this.count && this.#has(next)) next += 1;
    const bits = new Uint8Array(RECEIPT_ARRIVED_MAX);
    let used = 0;
    for (let index = next; index < this.count && index < next + RECEIPT_ARRIVED_MAX * 8; index += 1) {
      const bit = index - next;
      if (!this.#has(index)) continue;
      bits[bit >> 3] = bits[bit >> 3]! | (0x80 >> (bit & 7));
      used = (bit >> 3) + 1;
    }
    return { next, arrived: used === 0 ? undefined : bits.subarray(0, used) };
  }

  #has(index: number): boolean {
    return (this.#got[index >> 3]! & (0x80 >> (index & 7))) !== 0;
  }
}
