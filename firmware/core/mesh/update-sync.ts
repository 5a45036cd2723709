/**
 * Which updates of each neighbour arrived. Updates are broadcast without acknowledgement, so news is numbered: an update carries its number in its
 * envelope, refreshes and beacons the number of the last news. Who sees a gap asks for what was announced since; the answer is for everyone and says
 * what it covers, so those who lost the same frame need not ask. An answer has no number of its own: losing one that is not needed costs nothing.
 *
 *   strange  -> missing     the link became usable: everything is missing
 *   complete -> missing     a number beyond the next one
 *   missing  -> complete    an update `since` at most the last complete number, up to the last one heard of
 */
import { isNewer } from './sequence.js';

/** So far back that everything is newer (announcements keep their numbers nearer), with room for news that comes meanwhile. */
const EVERYTHING = 0x7000;
/** Before a gap is asked about: somebody else's question may bring the answer. */
const ASK_SOON = { least: 30, most: 250 };
/** An answer did not come: at first after about 2 s, then twice as long each time, up to eight times. */
const ASK_AGAIN = { least: 1500, most: 2500 };
const PATIENCE_MOST = 3;

export interface Question {
  readonly neighbour: number;
  /** The last update before the gap. */
  readonly since: number;
}

export class UpdateSync {
  readonly #known: Uint8Array;
  /** Everything up to this number arrived. */
  readonly #complete: Uint16Array;
  /** The highest number heard of. */
  readonly #heard: Uint16Array;
  /** When to ask; 0: no need. */
  readonly #askAt: Float64Array;
  /** Doublings of the wait for an answer. */
  readonly #patience: Uint8Array;
  /** Nobody is to be asked before this. */
  #askFrom = Number.MAX_SAFE_INTEGER;
  readonly #between: (least: number, most: number) => number;

  constructor(neighbours: number, between: (least: number, most: number) => number) {
    this.#known = new Uint8Array(neighbours);
    this.#complete = new Uint16Array(neighbours);
    this.#heard = new Uint16Array(neighbours);
    this.#askAt = new Float64Array(neighbours);
    this.#patience = new Uint8Array(neighbours);
    this.#between = between;
  }

  /** Gone or restarted: whatever it numbered is void. */
  forget(neighbour: number): void {
    this.#known[neighbour] = 0;
    this.#askAt[neighbour] = 0;
  }

  /** strange -> missing */
  meet(now: number, neighbour: number): void {
    if (this.#known[neighbour] === 1) return;
    this.#known[neighbour] = 1;
    this.#complete[neighbour] = this.#heard[neighbour]! - EVERYTHING;
    this.#askSoon(now, neighbour);
  }

  /** The number of the neighbour's last news, as a beacon or a refresh names it. */
  hear(now: number, neighbour: number, number: number): void {
    this.#heard[neighbour] = number;
    if (this.#known[neighbour] === 1 && isNewer(number, this.#complete[neighbour]!)) this.#askSoon(now, neighbour);
  }

  /** News arrived. */
  news(now: number, neighbour: number, number: number): void {
    if (number === ((this.#complete[neighbour]! + 1) & 0xffff)) this.#complete[neighbour] = number;
    this.hear(now, neighbour, number);
  }

  /** All that was announced after `since` arrived, up to `number`. */
  repeated(now: number, neighbour: number, since: number, number: number): void {
    const complete = this.#complete[neighbour]!;
    if (!isNewer(since, complete) && isNewer(number, complete)) {
      this.#complete[neighbour] = number;
      this.#askAt[neighbour] = 0;
      this.#patience[neighbour] = 0;
    }
    if (isNewer(number, this.#heard[neighbour]!)) this.#heard[neighbour] = number;
    this.hear(now, neighbour, this.#heard[neighbour]!);
  }

  /** The highest number heard of. */
  heard(neighbour: number): number {
    return this.#heard[neighbour]!;
  }

  /** A question that is due for a neighbour that `mayAsk` lets through, taken. */
  take(now: number, mayAsk: (neighbour: number) => boolean): Question | undefined {
    if (now < this.#askFrom) return undefined;
    for (let neighbour = 0, end = this.#askAt.length; neighbour < end; neighbour += 1) {
      const at = this.#askAt[neighbour]!;
      if (at === 0 || at > now || !mayAsk(neighbour)) continue;
      const patience = this.#patience[neighbour]!;
      this.#askAt[neighbour] = now + (this.#between(ASK_AGAIN.least, ASK_AGAIN.most) << patience);
      if (patience < PATIENCE_MOST) this.#patience[neighbour] = patience + 1;
      return { neighbour, since: this.#complete[neighbour]! };
    }
    return undefined;
  }

  /** When the next question falls due, or may: whether a neighbour may be asked is looked at when it is due. */
  deadline(now: number, mayAsk: (neighbour: number) => boolean): number {
    let earliest = Number.MAX_SAFE_INTEGER;
    let from = earliest;
    if (this.#askFrom === from) return from;
    for (let neighbour = 0, end = this.#askAt.length; neighbour < end; neighbour += 1) {
      const at = this.#askAt[neighbour]!;
      if (at === 0) continue;
      if (at < from) from = at;
      if (at < earliest && (at > now || mayAsk(neighbour))) earliest = at;
    }
    this.#askFrom = from;
    return earliest;
  }

  #askSoon(now: number, neighbour: number): void {
    if (this.#askAt[neighbour] !== 0) return;
    const at = now + this.#between(ASK_SOON.least, ASK_SOON.most);
    this.#askAt[neighbour] = at;
    if (at < this.#askFrom) this.#askFrom = at;
  }
}
