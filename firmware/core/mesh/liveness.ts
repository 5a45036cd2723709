/**
 * Liveness between beacons: every frame of a neighbour shows that it lives, and whoever sent nothing for a while says so with a hello, the bare
 * envelope of a routing frame. A router that was silent for longer than hellos allow is asked something that it must acknowledge; its link ends when
 * the question fails (Routing.onUndelivered), not when beacons are missed: 5 s after a cut, not 50.
 *
 *   lively -> doubted   silent for its allowance: ask
 *   doubted -> lively   heard
 *
 * Only over the air: a line or a connection knows by itself that it ended. Links that lose so much that silence says little are left to their beacons.
 */
import type { Millis, Prng } from '../base/index.js';
import { linkProfiles, PERFECT, type Link, type LinkKind } from '../link/index.js';
import { isRouter } from './listeners.js';

/** A queue before it, a busy channel and the receiver's turn may delay a hello by this. */
const LATE = 400;
/** Longer than a question's three tries. */
const PROBE_APART = 500;
/** A lossy link may miss so many hellos in a row that it happens by chance once in 32 times; one that needs more than this many is not watched. */
const RARE = 32;
const MISSED_MOST = 6;

export class Liveness {
  readonly #link: Link;
  readonly #prng: Prng;
  readonly #every: number;
  /** Each neighbour's state: when it was last asked. */
  readonly #asked: Float64Array;
  readonly #kinds: LinkKind[];
  readonly #dueAt: number[];
  #checkAt = 0;
  /** The neighbour that was last asked because of a failure, and until when not again. */
  #probed = -1;
  #probedUntil = 0;

  /** every: milliseconds of silence after which a hello goes. */
  constructor(link: Link, prng: Prng, every: number) {
    this.#link = link;
    this.#prng = prng;
    this.#every = every;
    this.#asked = new Float64Array(link.neighbours.capacity);
    this.#kinds = link.kinds().filter((kind) => !linkProfiles[kind].reliable);
    this.#dueAt = this.#kinds.map(() => 0);
  }

  deadline(): number {
    let earliest = this.#link.neighbours.used > 0 ? this.#checkAt : Number.MAX_SAFE_INTEGER;
    if (this.#link.neighbours.used > 0) for (const at of this.#dueAt) if (at < earliest) earliest = at;
    return earliest;
  }

  /** A kind of link on which everyone is owed a hello, taken; undefined: none. */
  takeHello(now: Millis): LinkKind | undefined {
    for (const [index, kind] of this.#kinds.entries()) {
      if (now < this.#dueAt[index]!) continue;
      const wait = this.#every - this.#prng.below(this.#every >> 3);
      const due = this.#link.sentAt(kind) + wait;
      this.#dueAt[index] = due > now ? due : now + wait;
      if (due <= now && this.#hasRouter(kind)) return kind;
    }
    return undefined;
  }

  /** A router that was silent for longer than it may be, taken; -1: none. */
  takeDoubted(now: Millis): number {
    if (now < this.#checkAt) return -1;
    const { neighbours } = this.#link;
    let next = now + this.#every;
    for (let slot = 0; slot < neighbours.end; slot += 1) {
      if (!isRouter(neighbours, slot) || linkProfiles[neighbours.kind(slot)].reliable) continue;
      const missed = allowance(neighbours.steady(slot));
      if (missed === 0) continue;
      const heard = neighbours.heardAt(slot);
      const since = heard > this.#asked[slot]! ? heard : this.#asked[slot]!;
      const at = since + missed * this.#every + LATE;
      if (at <= now) {
        this.#asked[slot] = now;
        return slot;
      }
      if (at < next) next = at;
    }
    this.#checkAt = next;
    return -1;
  }

  /** A frame to it failed: whether it is to be asked; not twice within PROBE_APART unless the question (`failed`) was what failed. */
  doubts(now: Millis, neighbour: number, failed: boolean): boolean {
    if (!this.#link.isDoubtful(neighbour) || (neighbour === this.#probed && now < this.#probedUntil && !failed)) return false;
    this.#probed = neighbour;
    this.#probedUntil = now + PROBE_APART;
    return true;
  }

  #hasRouter(kind: LinkKind): boolean {
    const { neighbours } = this.#link;
    for (let slot = 0; slot < neighbours.end; slot += 1) if (isRouter(neighbours, slot) && neighbours.kind(slot) === kind) return true;
    return false;
  }
}

/** Hellos that a link of this share (0..255) may miss in a row; 0: not worth watching. */
function allowance(share: number): number {
  const lost = PERFECT - share;
  let chance = lost;
  for (let missed = 1; missed <= MISSED_MOST; missed += 1) {
    if (chance * RARE <= PERFECT) return missed;
    chance = Math.floor((chance * lost) / PERFECT);
  }
  return 0;
}
