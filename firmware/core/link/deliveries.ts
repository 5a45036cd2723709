/**
 * Deliveries: what becomes of frames that were handed to the driver, until their neighbour has them or the layer above has to choose another one.
 *
 *   flying -> released     a reliable line took it, or everyone's turn is over
 *   flying -> listening    it left the antenna
 *   listening -> released  acknowledged: by an `ack` frame, or by the next hop being overheard sending the packet on
 *   listening -> kept      acknowledged by name by a neighbour that has still to send it on: the next frame would meet its sending
 *   kept -> released       it was overheard, or KEPT passed
 *   listening -> waiting   not in time (RFC 6298, Karn's rule): once more after a jittered back-off, which doubles
 *   listening -> returned  tries used up
 *
 * Outcomes are evidence of the link's quality, so a link that dies is known by its failures, not only by missing beacons.
 */
import type { Millis, Prng } from '../base/index.js';
import { envelopeDestination, EnvelopeFlag, envelopeFlags, setEnvelopeFlags } from '../wire/index.js';
import type { Carriage } from './carriage.js';
import type { Counters } from './counters.js';
import type { Discovery } from './discovery.js';
import { losslessCost, type LinkKind } from './link-kind.js';
import { linkCost } from './link-quality.js';
import type { Medium } from './medium.js';
import type { NeighbourTable } from './neighbour-table.js';
import { EVERYONE, type Outbox } from './outbox.js';

/** Tries of a frame on a link that loses nothing to little, and on one that needs two transmissions or more. 3 at 20 % loss fail 1 time in 125. */
const TRIES = 3;
const TRIES_POOR = 5;
/** A first back-off: two frames' airtime at most; it doubles with each try. */
const BACKOFF = { least: 2, most: 6 };
/**
 * A frame that failed counts as so many lost chances of 16 if the neighbour was silent meanwhile: one such frame makes a perfect link 1.6 times as dear.
 * As one if it was heard (it may just be busy). On a poor link (ETX 2 or more as its last beacon had it) failure is no surprise and counts for nothing.
 */
const SILENT_CHANCES = 6;
/** Failures in silence in a row that end a link until a beacon proves otherwise: by chance 1 in 500 at ETX 2 (3 tries), 1 in 1,300 at ETX 4 (5 tries). */
const GONE_AFTER = 3;
const GONE_AFTER_POOR = 5;
const ETX_POOR = 2;
/** Three quarters: who is heard less well may send packets on unheard. */
const WATCHED_SHARE = 192;
const ETX_HOPELESS = 4;

/** A neighbour with a queue of a few frames gets to ours within this. */
const KEPT = 30;

export interface DeliveriesOptions {
  readonly prng: Prng;
  readonly counters: Counters;
  readonly neighbours: NeighbourTable;
  readonly outbox: Outbox;
  readonly discovery: Discovery;
  readonly carriage: Carriage;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** flying -> released, listening, or a failed try. */
  sent(now: Millis, medium: Medium, entry: number, ok: boolean): void {
    const { outbox } = this.#options;
    if (!outbox.isFlying(entry)) return;
    if (outbox.neighbour(entry) === EVERYONE) outbox.release(entry);
    else if (!ok) this.#failed(now, medium, entry);
    else if (medium.profile.reliable) {
      this.#succeeded(entry);
      outbox.release(entry);
    } else outbox.listen(entry, now + medium.ackClock.timeout());
  }

  /** listening -> released or kept, kept -> released. `named`: by an `ack` frame; else it was overheard being sent on. */
  acknowledged(now: Millis, medium: Medium, neighbour: number, flow: number, counter: number, named: boolean): void {
    const { outbox, neighbours, discovery, carriage } = this.#options;
    if (!named) carriage.carried(neighbour, flow, counter);
    const entry = outbox.awaiting(neighbour, flow, counter);
    if (entry < 0) return;
    if (outbox.isKept(entry)) {
      if (!named) outbox.release(entry);
      return;
    }
    // From the first hand-over to the driver: its channel access is part of what a retry would wait for too.
    if (outbox.tries(entry) === 0) medium.ackClock.sample(now - outbox.since(entry));
    const learnt = this.#succeeded(entry);
    if (named && outbox.goesOn(entry, neighbours, neighbour)) {
      const watched =
        neighbours.steady(neighbour) >= WATCHED_SHARE && !carriage.ends(neighbour, envelopeDestination(outbox.frame(entry), 0));
      if (watched) carriage.promised(now, neighbour, flow, counter);
      outbox.keep(entry, now + KEPT);
    } else outbox.release(entry);
    if (learnt) discovery.judge(now, medium, neighbour);
  }

  /** listening -> waiting or returned, whatever is overdue. */
  giveUp(now: Millis, mediumOf: (kind: LinkKind) => Medium): void {
    const { outbox } = this.#options;
    for (let entry = outbox.overdue(now); entry >= 0; entry = outbox.overdue(now)) {
      if (outbox.isKept(entry)) outbox.release(entry);
      else this.#failed(now, mediumOf(outbox.kind(entry)), entry);
    }
  }

  /** A link that was good has failed in silence, not often enough to be sure: worth a question. */
  isDoubtful(medium: Medium, neighbour: number): boolean {
    const { neighbours } = this.#options;
    return neighbours.failed(neighbour) > 0 && neighbours.outward(neighbour) > 0 && this.#steadyEtx(medium, neighbour) < ETX_POOR;
  }

  /** False if it was what the neighbour's whole history said already. */
  #succeeded(entry: number): boolean {
    const { outbox, neighbours } = this.#options;
    const slot = outbox.neighbour(entry);
    if (neighbours.failed(slot) !== 0) neighbours.setFailed(slot, 0);
    if (neighbours.isFaultless(slot)) return false;
    neighbours.record(slot, true, 1);
    return true;
  }

  /** A try was not acknowledged. */
  #failed(now: Millis, medium: Medium, entry: number): void {
    const { outbox, neighbours, prng, counters, discovery } = this.#options;
    const slot = outbox.neighbour(entry);
    const tries = outbox.tries(entry) + 1;
    const etx = this.#steadyEtx(medium, slot);
    if (tries < (etx < ETX_POOR ? TRIES : TRIES_POOR)) {
      const frame = outbox.frame(entry);
      setEnvelopeFlags(frame, 0, envelopeFlags(frame, 0) | EnvelopeFlag.retry);
      outbox.retry(entry, now + prng.between(BACKOFF.least, BACKOFF.most << tries));
      counters.retries += 1;
      return;
    }
    const silent = neighbours.heardAt(slot) < outbox.since(entry);
    if (etx < ETX_POOR) neighbours.record(slot, false, silent ? SILENT_CHANCES : 1);
    neighbours.setFailed(slot, silent ? neighbours.failed(slot) + 1 : 0);
    const enough = etx < ETX_POOR ? GONE_AFTER : GONE_AFTER_POOR;
    if (etx < ETX_HOPELESS && neighbours.failed(slot) >= enough) neighbours.setOutward(slot, 0);
    outbox.giveBack(entry);
    discovery.judge(now, medium, slot);
  }

  /** Transmissions for a delivery, whole ones, as the neighbour's last beacon had it. */
  #steadyEtx(medium: Medium, slot: number): number {
    const { neighbours } = this.#options;
    const lossless = losslessCost(medium.kind);
    return Math.floor(linkCost(lossless, neighbours.steady(slot), neighbours.outward(slot)) / lossless);
  }
}
