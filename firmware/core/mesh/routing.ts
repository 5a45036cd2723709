/**
 * Routing: a compact distance vector with the feasibility condition of Babel (RFC 8966) over the route table kernel. Every node announces itself
 * with metric 0 and its own sequence number, and of every other node its selected route. News is broadcast, numbered and repeated to who missed it;
 * everything is refreshed every minute. This file reacts to neighbours and frames; Updates, Requests and UpdateSync hold what is to be said.
 *
 * Per destination:  unknown -> reachable <-> unreachable -> unknown
 *   reachable -> unreachable    retract at once, ask for a newer sequence number (section 3.8.2.1)
 *   unreachable -> unknown      after the hold time; the feasibility distance is forgotten with it
 *
 * An unfeasible update from the selected next hop is ignored, as section 3.5.3 allows and babeld does: the route stays at its old metric, which is
 * still safe, and a newer sequence number is asked for. Otherwise every link that becomes dearer would cost all the routes over it for a while.
 *
 * Differences from RFC 8966: ids in place of prefixes and router ids; a request that comes from our next hop for the destination says that it lost
 * the route, so it counts as a retraction too; a node that hears its own id with a newer sequence number has restarted and goes on from there (as
 * OSPF does, RFC 2328 section 13.4).
 */
import { millis, RouteOutcome, type Millis, type Prng } from '../base/index.js';
import { COST_INFINITE, Drop, type Counters, type Link, type Submit } from '../link/index.js';
import type { RouteTable } from '../ports/index.js';
import {
  decodeRouting,
  ENVELOPE_OCTETS,
  envelopeClass,
  EnvelopeClass,
  envelopeCounter,
  EnvelopeFlag,
  envelopeFlags,
  type Announcement,
  type Routing as RoutingMessage,
  type SeqnoRequest,
  type Update,
} from '../wire/index.js';
import { Announcements } from './announcements.js';
import { emptyEntry } from './empty-entry.js';
import { audienceOf, hasOtherRouter, isRouter, worthAsking, type Audience } from './listeners.js';
import { REQUEST_HOPS, RequestFrames } from './request-frames.js';
import { Requests } from './requests.js';
import { helloFrame, routingFrame } from './routing-frame.js';
import { Liveness } from './liveness.js';
import type { MeshTimers } from './mesh-inputs.js';
import { isNewer } from './sequence.js';
import { isOutcast } from './trust.js';
import { Updates } from './updates.js';
import { UpdateSync } from './update-sync.js';

/** Refresh intervals for which a route is held, as babeld holds its routes, in halves. */
const HOLD_HALVES = 7;
const EXPIRE_EVERY = 5_000;
const ROUND = 1_000;
const UNREACHABLE = 0xffff;
/** What a link costs whose neighbour we hear but may not use: its routes are kept for the moment that it can be (route table). */
const NOT_YET = 0xfffe;

export interface RoutingOptions {
  readonly id: Uint8Array;
  readonly prng: Prng;
  readonly link: Link;
  readonly table: RouteTable;
  readonly counters: Counters;
  readonly timers: MeshTimers;
}

/** Seconds for which a route that is not refreshed is held. */
export function holdOf({ refresh }: MeshTimers): number {
  return (refresh * HOLD_HALVES) >> 1;
}

export class Routing {
  readonly #options: RoutingOptions;
  readonly #announcements: Announcements;
  readonly #updates: Updates;
  readonly #requests: Requests;
  readonly #sync: UpdateSync;
  readonly #liveness: Liveness;
  readonly #entry = emptyEntry();
  readonly #requestFrames: RequestFrames;
  readonly #out: Submit[] = [];
  /** What is being handled is an update: what it loses was retracted. */
  #isRetracting = false;
  #expireAt = 0;
  #roundAt = 0;
  /** Nothing was told since the last poll that found nothing: nothing happens before #wakeAt. */
  #isQuiet = false;
  #wakeAt = 0;
  /** A tick may put one frame together; other inputs have their own work, and a board's turn must stay short. */
  #mayCompose = false;
  /** The most that a link may cost to be worth a question; -1: to be found out. */
  #worth = -1;
  #now = millis(0);

  constructor(options: RoutingOptions) {
    const { table, link, prng, timers } = options;
    const audience = (): readonly Audience[] => audienceOf(link.neighbours);
    this.#options = options;
    this.#announcements = new Announcements(table.capacity, timers.refresh);
    this.#updates = new Updates({ ...options, announcements: this.#announcements, audience });
    this.#requests = new Requests(table.capacity);
    this.#requestFrames = new RequestFrames({ ...options, requests: this.#requests, audience });
    this.#sync = new UpdateSync(link.neighbours.capacity, (least, most) => prng.between(least, most));
    this.#liveness = new Liveness(link, prng, timers.hello);
  }

  /** After every input; `composes`: it was a tick. */
  onTick(now: Millis, composes: boolean): void {
    this.#now = now;
    this.#mayCompose = composes;
    if (this.#isQuiet && now < this.#wakeAt) return;
    this.#isQuiet = false;
    if (now >= this.#expireAt) {
      this.#expireAt = now + EXPIRE_EVERY;
      this.#options.table.expire(this.#second(), this.#react);
    }
    this.#updates.onTick(now, this.#second());
    if (this.#roundAt !== 0 && now >= this.#roundAt) {
      this.#requests.round();
      this.#roundAt = this.#requests.isAsking() ? now + ROUND : 0;
    }
  }

  deadline(): number {
    return this.#isQuiet ? this.#wakeAt : this.#deadline();
  }

  #deadline(): number {
    let earliest = Math.min(this.#expireAt, this.#updates.deadline(), this.#liveness.deadline());
    earliest = Math.min(earliest, this.#sync.deadline(this.#now, this.#mayAsk));
    if (this.#roundAt !== 0 && this.#roundAt < earliest) earliest = this.#roundAt;
    return Math.min(earliest, this.#requestFrames.deadline(this.#now));
  }

  onNeighbour(now: Millis, neighbour: number, cost: number, restarted: boolean): void {
    this.#now = now;
    this.#isQuiet = false;
    this.#worth = -1;
    const { table, link } = this.#options;
    const known = link.neighbours.isKnown(neighbour);
    if (known && link.neighbours.role(neighbour) === 'leaf') return;
    if (restarted || !known) {
      this.#sync.forget(neighbour);
      table.neighbourCost(neighbour, UNREACHABLE, this.#react);
    }
    if (known && isOutcast(link, neighbour)) table.neighbourCost(neighbour, UNREACHABLE, this.#react);
    else if (known) table.neighbourCost(neighbour, cost === COST_INFINITE ? NOT_YET : cost, this.#react);
    if (cost === COST_INFINITE) return;
    this.#sync.meet(now, neighbour);
    this.#requests.askAgain();
    this.#startAsking();
  }

  /** A beacon of a pinned neighbour: it names the number of its last news. */
  onBeacon(now: Millis, neighbour: number, number: number): void {
    this.#isQuiet = false;
    this.#sync.hear(now, neighbour, number);
  }

  /** A routing frame from a pinned neighbour. False if it is malformed. */
  onFrame(now: Millis, neighbour: number, bytes: Uint8Array): boolean {
    this.#now = now;
    this.#isQuiet = false;
    if (bytes.length === ENVELOPE_OCTETS) {
      this.#sync.hear(now, neighbour, envelopeCounter(bytes, 0));
      return true;
    }
    const message = decodeRouting(bytes, ENVELOPE_OCTETS, bytes.length);
    if (typeof message === 'number') return false;
    if (this.#options.link.neighbours.role(neighbour) === 'leaf') return true;
    if (message.kind === 'update') this.#onUpdate(neighbour, message, envelopeCounter(bytes, 0), envelopeFlags(bytes, 0));
    else if (message.kind === 'seqno-request') this.#onRequest(neighbour, message);
    else this.#updates.onMissed(now, message.after);
    return true;
  }

  /**
   * A frame was not acknowledged. If the neighbour was silent on a link that was good, ask it something at once, whether or not there is another packet
   * for it: a question for no update at all. A dead link is known after half a second then, not when the third packet has failed.
   */
  onUndelivered(now: Millis, neighbour: number, frame: Uint8Array): void {
    this.#now = now;
    this.#isQuiet = false;
    const failed = envelopeClass(frame, 0) === EnvelopeClass.routing;
    if (this.#liveness.doubts(now, neighbour, failed)) this.#probe(neighbour);
  }

  /** Next hop for the destination at `at`, other than `except` (-1: any), or -1. */
  nextHop(destination: Uint8Array, at: number, except: number): number {
    return this.#options.table.lookup(destination, at, except);
  }

  /** A packet came for a destination that we have no route to: whoever sent it should know. */
  onUnroutable(now: Millis, destination: Uint8Array): void {
    this.#now = now;
    this.#isQuiet = false;
    const slot = this.#options.table.find(destination, 0);
    if (slot < 0) return this.#updates.retractUnknown(now, destination);
    this.#announcements.urge(slot);
    this.#updates.trigger(now);
    this.#askIfStarved(slot);
  }

  /** Slot of a route that changed since the last call, or -1. */
  takeChanged(): number {
    return this.#announcements.takeUntold();
  }

  /** The next routing frame to send, or undefined. */
  poll(): Submit | undefined {
    if (this.#isQuiet) return undefined;
    if (this.#mayCompose && this.#out.length === 0) this.#compose();
    if (this.#out.length > 0) return this.#out.shift();
    this.#wakeAt = this.#deadline();
    this.#isQuiet = true;
    return undefined;
  }

  /** The most urgent frame that is due. */
  #compose(): void {
    this.#mayCompose = false;
    this.#updates.poll(this.#now, this.#second(), this.#out);
    if (this.#out.length === 0) this.#requestFrames.poll(this.#now, this.#out);
    if (this.#out.length === 0) this.#sendQuestion();
    if (this.#out.length === 0) this.#stayLively();
  }

  #onUpdate(neighbour: number, { announcements, since }: Update, number: number, flags: number): void {
    this.#isRetracting = true;
    for (const announcement of announcements) this.#onAnnouncement(neighbour, announcement);
    this.#isRetracting = false;
    if (since !== undefined) this.#sync.repeated(this.#now, neighbour, since, number);
    else if ((flags & EnvelopeFlag.retry) !== 0) this.#sync.hear(this.#now, neighbour, number);
    else this.#sync.news(this.#now, neighbour, number);
  }

  #onAnnouncement(neighbour: number, { destination, seqno, metric }: Announcement): void {
    const { link, table, counters } = this.#options;
    if (this.#updates.isSelf(destination)) return this.#updates.onEcho(this.#now, seqno, metric);
    if (isOutcast(this.#options.link, neighbour)) return;
    if (metric !== UNREACHABLE && this.#isOnlyDearer(neighbour, destination, seqno, metric)) return;
    const cost = link.neighbours.cost(neighbour);
    const outcome = table.update(destination, 0, neighbour, seqno, metric, cost === COST_INFINITE ? NOT_YET : cost, this.#second());
    if (outcome === RouteOutcome.Full) counters.drop(Drop.RoutesFull);
    else if (outcome !== RouteOutcome.Kept) this.#react(table.find(destination, 0), outcome);
  }

  /** An unfeasible update from the selected next hop. */
  #isOnlyDearer(neighbour: number, destination: Uint8Array, seqno: number, metric: number): boolean {
    const slot = this.#options.table.find(destination, 0);
    if (slot < 0 || !this.#options.table.read(slot, this.#entry) || this.#entry.neighbour !== neighbour) return false;
    const { feasibleSeqno, feasibleMetric } = this.#entry;
    if (feasibleMetric === UNREACHABLE || isNewer(seqno, feasibleSeqno) || (seqno === feasibleSeqno && metric < feasibleMetric))
      return false;
    const wanted = (feasibleSeqno + 1) & 0xffff;
    if (!isMuchDearer(this.#entry.metric, metric + this.#options.link.neighbours.cost(neighbour))) return true;
    if (this.#requests.renew(slot, this.#second()) && this.#requests.want(slot, wanted, REQUEST_HOPS, this.#second()))
      this.#requests.forward(slot);
    return true;
  }

  #onRequest(neighbour: number, { wanted, hops }: SeqnoRequest): void {
    for (const { destination, seqno } of wanted) {
      if (this.#updates.isSelf(destination)) this.#updates.onWanted(this.#now, seqno);
      else this.#onWanted(neighbour, destination, seqno, hops);
    }
  }

  #onWanted(neighbour: number, destination: Uint8Array, seqno: number, hops: number): void {
    const { table } = this.#options;
    const slot = table.find(destination, 0);
    if (slot < 0) return;
    if (table.read(slot, this.#entry) && this.#entry.neighbour === neighbour)
      this.#react(slot, table.update(destination, 0, neighbour, 0, UNREACHABLE, 0, this.#second()));
    table.read(slot, this.#entry);
    if (this.#entry.neighbour >= 0 && !isNewer(seqno, this.#entry.seqno)) {
      this.#announcements.urge(slot);
      this.#updates.trigger(this.#now);
    } else if (hops > 0 && this.#requests.want(slot, seqno, hops - 1, this.#second())) {
      if (this.#entry.neighbour >= 0) this.#requests.forward(slot);
      else if (hasOtherRouter(this.#options.link.neighbours, neighbour)) {
        this.#requests.askFor(slot);
        this.#startAsking();
      }
    }
  }

  readonly #react = (slot: number, outcome: RouteOutcome): void => {
    switch (outcome) {
      case RouteOutcome.Found:
        this.#announcements.found(slot);
        this.#requests.found(slot);
        this.#passOn(slot);
        break;
      case RouteOutcome.Lost:
        this.#announcements.lost(slot);
        this.#requests.lost(slot, this.#isRetracting);
        this.#startAsking();
        break;
      case RouteOutcome.Changed:
        this.#passOn(slot);
        this.#announcements.changed(slot, this.#entry.metric);
        break;
      case RouteOutcome.Unfeasible:
        return this.#askIfStarved(slot);
      default:
        return;
    }
    if (this.#announcements.isUrgent(slot)) this.#updates.trigger(this.#now);
  };

  /** A new route: it satisfies who wanted a newer sequence number, or its next hop is asked for one. */
  #passOn(slot: number): void {
    this.#options.table.read(slot, this.#entry);
    if (this.#requests.satisfies(slot, this.#entry.seqno)) this.#announcements.urge(slot);
    else this.#requests.moved(slot, this.#entry.neighbour, this.#second());
  }

  /** Routes may be offered, but none that is feasible. */
  #askIfStarved(slot: number): void {
    if (!this.#options.table.read(slot, this.#entry) || this.#entry.neighbour >= 0) return;
    this.#requests.ask(slot);
    this.#startAsking();
  }

  #startAsking(): void {
    if (this.#roundAt === 0 && this.#requests.isAsking()) this.#roundAt = this.#now + this.#options.prng.between(20, 80);
  }

  #sendQuestion(): void {
    const question = this.#sync.take(this.#now, this.#mayAsk);
    if (question !== undefined) this.#pushTo(question.neighbour, { kind: 'repeat-request', after: question.since });
  }

  #stayLively(): void {
    const { link, id } = this.#options;
    const kind = this.#liveness.takeHello(this.#now);
    if (kind !== undefined) this.#out.push(helloFrame(link, id, kind));
    const doubted = this.#liveness.takeDoubted(this.#now);
    if (doubted >= 0) this.#probe(doubted);
  }

  /** Nothing that it would have to answer, but has to acknowledge. */
  #probe(neighbour: number): void {
    this.#pushTo(neighbour, { kind: 'repeat-request', after: this.#sync.heard(neighbour) });
  }

  /** To one neighbour, with acknowledgement. */
  #pushTo(neighbour: number, message: RoutingMessage): void {
    const { link, id } = this.#options;
    const numbering = { counter: link.nextCounter(), repeats: false };
    this.#out.push(routingFrame(link, id, neighbour, link.neighbours.kind(neighbour), message, numbering));
  }

  readonly #mayAsk = (neighbour: number): boolean => {
    const { neighbours } = this.#options.link;
    if (this.#worth < 0) this.#worth = worthAsking(neighbours);
    return isRouter(neighbours, neighbour) && neighbours.cost(neighbour) <= this.#worth;
  };

  #second(): number {
    return Math.floor(this.#now / 1000) & 0xffff;
  }
}

/** By half and more: a little stale is better than a question across the mesh, whose answer everyone hears. The next sequence number comes by itself. */
function isMuchDearer(held: number, offered: number): boolean {
  return 2 * offered > 3 * held;
}
