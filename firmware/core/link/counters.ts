/** What a node counts: one object, made by the node and shared by its machines. Octets are radio payload, envelope included. */
import { EnvelopeClass } from '../wire/index.js';

/** Why something was dropped. The names are those of logs and tests. */
export const Drop = {
  /** Not an envelope of ours; the wire's reasons together. */
  Malformed: 0,
  /** From a station that there is no session with. */
  Stranger: 1,
  /** A node id used by two stations at once, or a key that does not hash to it. */
  Impostor: 2,
  NeighboursFull: 3,
  HopLimit: 4,
  NoRoute: 5,
  QueueFull: 6,
  /** No acknowledgement from any next hop. */
  Undelivered: 7,
  /** Larger than the next link takes. */
  TooLong: 8,
  /** Our own packet came back. */
  Loop: 9,
  /** Routes that the full table refused. */
  RoutesFull: 10,
  /** Reassembly or delivery memory is full. */
  NoRoom: 11,
  UnknownLeaf: 12,
  /** A seal that is not its sender's, a number that came before, a handshake's message that does not fit. */
  Forged: 13,
  /** More handshakes at once than there is room or allowance for. */
  HandshakesBusy: 14,
} as const;
export type Drop = (typeof Drop)[keyof typeof Drop];
export type DropName = keyof typeof Drop;
const dropNames = Object.keys(Drop) as DropName[];

export type ClassName = keyof typeof EnvelopeClass;
const classNames = Object.keys(EnvelopeClass) as ClassName[];

export interface CounterReading {
  readonly sentFrames: Readonly<Record<ClassName, number>>;
  readonly sentOctets: Readonly<Record<ClassName, number>>;
  readonly receivedFrames: number;
  readonly drops: Readonly<Record<DropName, number>>;
  /** Packets of others sent on. */
  readonly forwarded: number;
  /** Messages handed over. */
  readonly delivered: number;
  /** Frames sent again on a link. */
  readonly retries: number;
  readonly duplicates: number;
  /** Octets of beacons, acknowledgements, routing and handshakes on the air. */
  readonly controlOctets: number;
}

const CLASSES = 16;

export class Counters {
  readonly #sentFrames = new Uint32Array(CLASSES);
  readonly #sentOctets = new Uint32Array(CLASSES);
  readonly #drops = new Uint32Array(dropNames.length);
  receivedFrames = 0;
  forwarded = 0;
  delivered = 0;
  retries = 0;
  duplicates = 0;

  drop(why: Drop): void {
    this.#drops[why] = this.#drops[why]! + 1;
  }

  sent(envelopeClass: number, octets: number): void {
    this.#sentFrames[envelopeClass] = this.#sentFrames[envelopeClass]! + 1;
    this.#sentOctets[envelopeClass] = this.#sentOctets[envelopeClass]! + octets;
  }

  totalOctets(): number {
    let total = 0;
    for (const octets of this.#sentOctets) total += octets;
    return total;
  }

  totalDrops(): number {
    let total = 0;
    for (const count of this.#drops) total += count;
    return total;
  }

  read(): CounterReading {
    const sentFrames = {} as Record<ClassName, number>;
    const sentOctets = {} as Record<ClassName, number>;
    let controlOctets = 0;
    for (const name of classNames) {
      const number = EnvelopeClass[name];
      sentFrames[name] = this.#sentFrames[number]!;
      sentOctets[name] = this.#sentOctets[number]!;
      if (number < EnvelopeClass.sos) controlOctets += this.#sentOctets[number]!;
    }
    const drops = {} as Record<DropName, number>;
    for (const name of dropNames) drops[name] = this.#drops[Drop[name]]!;
    const { receivedFrames, forwarded, delivered, retries, duplicates } = this;
    return { sentFrames, sentOctets, receivedFrames, drops, forwarded, delivered, retries, duplicates, controlOctets };
  }
}
