/**
 * Who takes packets and does not send them on: the watchdog of Marti et al., "Mitigating Routing Misbehavior in Mobile Ad Hoc Networks" (2000). A
 * neighbour that acknowledged a packet by name has still to be heard sending it on; one that never is becomes dear, and routes lead around it.
 *
 *   promised -> carried    heard within WINDOW: all is forgiven
 *   promised -> unseen     not heard: after the sixth in a row the link costs as much as a link can
 *
 * Honest neighbours are missed now and then (a collision, a long queue), hardly six times in a row over a link that is heard well, and only such links
 * are watched; what they pay ends with the next packet heard, or by itself: every FORGIVE the count is halved. Not seen: a neighbour that sends on to
 * nobody, and what goes on over a line (`ends`).
 */
import type { Millis } from '../base/index.js';

/** A queue of 24 frames goes within this. */
const WINDOW = 1_000;
/** Packets watched at once; a board forwards a few in a second, and not every one has to be watched. */
const WATCHED = 16;
/** A first warning after the third, at four times the cost, made routes swing round the hubs of Freifunk Bielefeld until nothing got through: 41 % of pings instead of 98 %. */
const UNSEEN_MOST = 6;
/** Doublings: beyond what a cost can be. */
const OUTCAST = 14;
const FORGIVE = 600_000;
/** Several within this count as one: an honest neighbour that has just lost its own next hop fails a burst, not for long. */
const APART = 3_000;

export class Carriage {
  /** Whether a packet that this neighbour takes leaves the air there, so that nobody will hear it: known to the layer above. */
  ends: (neighbour: number, destination: Uint8Array) => boolean = () => false;
  readonly #flows = new Uint32Array(WATCHED);
  readonly #counters = new Uint16Array(WATCHED);
  readonly #neighbours = new Uint8Array(WATCHED);
  /** 0: the place is free. */
  readonly #dueAt = new Float64Array(WATCHED);
  readonly #unseen: Uint8Array;
  readonly #countedAt: Float64Array;
  #watched = 0;
  #forgiveAt = FORGIVE;

  constructor(neighbours: number) {
    this.#unseen = new Uint8Array(neighbours);
    this.#countedAt = new Float64Array(neighbours).fill(-APART);
  }

  /** How often the cost of the link doubles. */
  dearness(neighbour: number): number {
    return this.#unseen[neighbour]! >= UNSEEN_MOST ? OUTCAST : 0;
  }

  /** -> promised, if there is room. */
  promised(now: Millis, neighbour: number, flow: number, counter: number): void {
    const place = this.#dueAt.indexOf(0);
    if (place < 0) return;
    this.#neighbours[place] = neighbour;
    this.#flows[place] = flow;
    this.#counters[place] = counter;
    this.#dueAt[place] = now + WINDOW;
    this.#watched += 1;
  }

  /** promised -> carried. */
  carried(neighbour: number, flow: number, counter: number): void {
    if (this.#watched === 0) return;
    for (let place = 0; place < WATCHED; place += 1) {
      const same = this.#flows[place] === flow && this.#counters[place] === counter && this.#neighbours[place] === neighbour;
      if (!same || this.#dueAt[place] === 0) continue;
      this.#dueAt[place] = 0;
      this.#watched -= 1;
      this.#unseen[neighbour] = 0;
    }
  }

  /** promised -> unseen. Calls `changed` with each neighbour whose dearness did. */
  sweep(now: Millis, isKnown: (neighbour: number) => boolean, changed: (neighbour: number) => void): void {
    for (let place = 0; this.#watched > 0 && place < WATCHED; place += 1) {
      const due = this.#dueAt[place]!;
      if (due === 0 || due > now) continue;
      const neighbour = this.#neighbours[place]!;
      this.#dueAt[place] = 0;
      this.#watched -= 1;
      const before = this.dearness(neighbour);
      if (now - this.#countedAt[neighbour]! < APART) continue;
      this.#countedAt[neighbour] = now;
      if (this.#unseen[neighbour]! < UNSEEN_MOST) this.#unseen[neighbour]! += 1;
      if (this.dearness(neighbour) !== before) changed(neighbour);
    }
    const forgive = now >= this.#forgiveAt;
    if (forgive) this.#forgiveAt = now + FORGIVE;
    for (let neighbour = 0; neighbour < this.#unseen.length; neighbour += 1) {
      const unseen = this.#unseen[neighbour]!;
      if (unseen === 0) continue;
      if (!isKnown(neighbour)) this.#unseen[neighbour] = 0;
      else if (forgive) this.#unseen[neighbour] = unseen >> 1;
      if (this.#unseen[neighbour] !== unseen && isKnown(neighbour)) changed(neighbour);
    }
  }
}
