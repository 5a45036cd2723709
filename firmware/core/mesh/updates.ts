/**
 * Updates: composes what this node announces, of itself and of its routes, into numbered frames. News first, then repetitions for who missed some,
 * then refreshes. The own sequence number lives here.
 */
import { sameOctets, type Millis, type Prng } from '../base/index.js';
import { EVERYONE, type Link, type Submit } from '../link/index.js';
import type { RouteEntry, RouteTable } from '../ports/index.js';
import { ENVELOPE_OCTETS, UPDATE_ANNOUNCEMENTS_MAX, type Announcement } from '../wire/index.js';
import type { Announcements } from './announcements.js';
import { emptyEntry } from './empty-entry.js';
import type { Audience } from './listeners.js';
import type { MeshTimers } from './mesh-inputs.js';
import { routingFrame, type Numbering } from './routing-frame.js';
import { isNewer } from './sequence.js';
import { UpdateClock } from './update-clock.js';

/** Refreshes of ourselves before a new sequence number lets everyone forget the lowest metrics ever announced (RFC 8966 section 3.7.3). */
const SEQNO_EVERY = 2;
/** Octets of an announcement at most: array 1, id 9, seqno 3, metric 3; of an update around them: map, keys, list 6, since 4. */
const ANNOUNCEMENT_OCTETS = 16;
const UPDATE_OCTETS = 10;
/** What a board writes within a turn of 800,000 instructions: one takes 35,000 (RV32), and the frame goes out in the same turn. */
const TURN_ANNOUNCEMENTS = 10;
const REFRESH_LOOK = { least: 5_000, most: 10_000 };
const UNREACHABLE = 0xffff;
const NOBODY = 0xff;

export interface UpdatesOptions {
  readonly id: Uint8Array;
  readonly prng: Prng;
  readonly link: Link;
  readonly table: RouteTable;
  readonly announcements: Announcements;
  readonly audience: () => readonly Audience[];
  readonly timers: MeshTimers;
}

/** What the next frame is to hold; its slots are in #slots. To choose and to write are a turn each of a board. */
interface Choice {
  readonly urgent: boolean;
  /** -1: news or a refresh. */
  readonly since: number;
  readonly count: number;
  readonly upTo: number;
}

export class Updates {
  readonly #options: UpdatesOptions;
  readonly #clock: UpdateClock;
  readonly #entry: RouteEntry = emptyEntry();
  readonly #slots = new Uint16Array(UPDATE_ANNOUNCEMENTS_MAX);
  /** Announcements of the frame that is put together, and the slots of their next hops (NOBODY: none). */
  #announcements: Announcement[] = [];
  readonly #vias = new Uint8Array(UPDATE_ANNOUNCEMENTS_MAX);
  #seqno = 0;
  #selfUrgent = true;
  #selfAt = 0;
  #selfNumber = 0;
  #selfRefreshes = 0;
  /** Of the last update with news. */
  #number = 0;
  /** A destination without a slot that somebody sends packets for through us: retract it once. */
  readonly #orphan = new Uint8Array(8);
  #hasOrphan = false;
  /** Somebody missed what was announced after this number. */
  #owesRepeat = false;
  #repeatSince = 0;
  #refreshAt = 0;
  #choice: Choice | undefined;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    this.#clock = new UpdateClock(options.prng);
  }

  onTick(now: Millis, second: number): void {
    if (now < this.#refreshAt) return;
    this.#refreshAt = now + this.#options.prng.between(REFRESH_LOOK.least, REFRESH_LOOK.most);
    if (this.#isSelfDue(second) || this.#options.announcements.isRefreshDue(second, this.#announces)) this.#clock.trigger(now);
  }

  deadline(): number {
    return this.#clock.due === 0 ? this.#refreshAt : Math.min(this.#clock.due, this.#refreshAt);
  }

  /** There is news. */
  trigger(now: Millis): void {
    this.#clock.trigger(now);
  }

  /** Somebody wants our sequence number to be at least this. */
  onWanted(now: Millis, seqno: number): void {
    if (isNewer(seqno, this.#seqno)) this.#seqno = seqno;
    this.#urgeSelf(now);
  }

  /** Somebody announces us. A newer sequence number than ours is from before we restarted: go on behind it. */
  onEcho(now: Millis, seqno: number, metric: number): void {
    if (metric === UNREACHABLE || !isNewer(seqno, this.#seqno)) return;
    this.#seqno = (seqno + 1) & 0xffff;
    this.#urgeSelf(now);
  }

  /** A neighbour missed what was announced after this number: the answer is one for everyone, from the oldest that anyone asked for. Who missed nothing wanted the acknowledgement. */
  onMissed(now: Millis, after: number): void {
    if (after === this.#number) return;
    if (!this.#owesRepeat || isNewer(this.#repeatSince, after)) this.#repeatSince = after;
    this.#owesRepeat = true;
    this.#clock.trigger(now);
  }

  /** A packet came for a destination that we know nothing of. */
  retractUnknown(now: Millis, destination: Uint8Array): void {
    this.#orphan.set(destination);
    this.#hasOrphan = true;
    this.#clock.trigger(now);
  }

  /** The frames of an update that is due, one for each link that has an audience, onto `out`: the slots are chosen at one call, written at the next. */
  poll(now: Millis, second: number, out: Submit[]): void {
    if (!this.#clock.isDue(now)) return;
    const { announcements } = this.#options;
    const urgent = this.#selfUrgent || this.#hasOrphan || announcements.hasUrgent();
    const since = !urgent && this.#owesRepeat ? this.#repeatSince : -1;
    const choice = this.#choice;
    if (choice === undefined || choice.urgent !== urgent || choice.since !== since) {
      this.#choice = this.#choose(urgent, since, second);
      return;
    }
    this.#choice = undefined;
    const audience = this.#options.audience();
    if (audience.length === 0) return this.#clock.sent(now, 'refresh', false);
    const news = since < 0 && this.#announce(audience, second, choice, out);
    if (since >= 0) this.#repeat(audience, second, choice, out);
    this.#clock.sent(now, news ? 'news' : since >= 0 ? 'repetition' : 'refresh', this.#owesRepeat || announcements.hasUrgent());
  }

  #choose(urgent: boolean, since: number, second: number): Choice {
    const { announcements } = this.#options;
    if (since >= 0) return { urgent, since, ...announcements.repeat(since, this.#number, this.#slots.subarray(0, this.#room() - 1)) };
    return { urgent, since, count: announcements.collect(second, this.#slots.subarray(0, this.#room() - 2), this.#announces), upTo: 0 };
  }

  /** News with a new number, or a refresh with the last one. Whether it was news to anyone. */
  #announce(audience: readonly Audience[], second: number, { urgent, count }: Choice, out: Submit[]): boolean {
    const { link } = this.#options;
    const concerns = this.#selfUrgent || this.#hasOrphan || this.#concerns(audience, count);
    const news = urgent && concerns;
    if (news) this.#number = (this.#number + 1) & 0xffff;
    link.updateNumber = this.#number;
    if (this.#hasOrphan) this.#put(this.#orphan, 0, UNREACHABLE, -1);
    this.#hasOrphan = false;
    for (let i = 0; i < count; i += 1) this.#putSlot(this.#slots[i]!, second);
    const due = this.#isSelfDue(second);
    if (this.#selfUrgent || due || this.#announcements.length === 0) this.#putSelf(second, due);
    else if (!concerns) {
      this.#announcements = [];
      return false;
    }
    this.#push(audience, { counter: this.#number, repeats: !news }, undefined, out);
    return news;
  }

  /** Whether any of the first slots is a route that someone may want to hear of: not one through the only neighbour that would hear it. */
  #concerns(audience: readonly Audience[], slots: number): boolean {
    for (let i = 0; i < slots; i += 1) {
      if (!this.#options.table.read(this.#slots[i]!, this.#entry)) continue;
      for (const { only } of audience) if (this.#entry.neighbour < 0 || this.#entry.neighbour !== only) return true;
    }
    return false;
  }

  /** What was announced since some number, as much as fits a frame; the rest follows in the next. */
  #repeat(audience: readonly Audience[], second: number, { since, count, upTo }: Choice, out: Submit[]): void {
    for (let i = 0; i < count; i += 1) this.#putSlot(this.#slots[i]!, second);
    if (isNewer(this.#selfNumber, since) || this.#announcements.length === 0) this.#put(this.#options.id, this.#seqno, 0, -1);
    this.#repeatSince = upTo;
    this.#owesRepeat = upTo !== this.#number;
    this.#push(audience, { counter: upTo, repeats: true }, since, out);
  }

  #putSlot(slot: number, second: number): void {
    const { table, announcements } = this.#options;
    const held = table.read(slot, this.#entry);
    announcements.announced(slot, held ? this.#entry.metric : UNREACHABLE, second, this.#number);
    table.announced(slot);
    if (held) this.#put(this.#entry.id, this.#entry.seqno, this.#entry.metric, this.#entry.neighbour);
  }

  #putSelf(second: number, due: boolean): void {
    if (due) {
      this.#selfRefreshes += 1;
      if (this.#selfRefreshes % SEQNO_EVERY === 0) this.#seqno = (this.#seqno + 1) & 0xffff;
      this.#selfAt = second;
    }
    if (this.#selfUrgent) this.#selfNumber = this.#number;
    this.#selfUrgent = false;
    this.#put(this.#options.id, this.#seqno, 0, -1);
  }

  #put(destination: Uint8Array, seqno: number, metric: number, via: number): void {
    this.#vias[this.#announcements.length] = via < 0 ? NOBODY : via;
    this.#announcements.push({ destination: destination.slice(), seqno, metric });
  }

  /** Split horizon where a single neighbour listens: what goes through it is no news to it. Among several, one's route is news to the others. */
  #push(audience: readonly Audience[], numbering: Numbering, since: number | undefined, out: Submit[]): void {
    const { link, id } = this.#options;
    for (const { kind, only } of audience) {
      const announcements = this.#announcements.filter((_, i) => this.#vias[i] === NOBODY || this.#vias[i] !== only);
      // Nothing that is news to this link: the number is, or it would ask for it.
      if (announcements.length === 0) announcements.push({ destination: id, seqno: this.#seqno, metric: 0 });
      out.push(routingFrame(link, id, EVERYONE, kind, { kind: 'update', announcements, since }, numbering));
    }
    this.#announcements = [];
  }

  readonly #announces = (slot: number): boolean => this.#options.table.read(slot, this.#entry) && this.#entry.neighbour >= 0;

  #urgeSelf(now: Millis): void {
    this.#selfUrgent = true;
    this.#clock.trigger(now);
  }

  #isSelfDue(second: number): boolean {
    return ((second - this.#selfAt) & 0xffff) >= this.#options.timers.refresh;
  }

  /** Announcements that fit a frame of every link that is up. */
  #room(): number {
    const { link } = this.#options;
    let room = TURN_ANNOUNCEMENTS;
    for (const kind of link.kindsUp()) {
      const fits = Math.floor((link.mtu(kind) - ENVELOPE_OCTETS - UPDATE_OCTETS) / ANNOUNCEMENT_OCTETS);
      if (fits < room) room = fits;
    }
    return room;
  }

  /** Whether an id is ours. */
  isSelf(id: Uint8Array): boolean {
    return sameOctets(id, 0, this.#options.id, 0, 8);
  }
}
