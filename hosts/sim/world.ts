/**
 * The world: stations on a simulated air and on simulated Bluetooth LE links, in virtual time.
 *
 *   off --start--> booting --station ready--> on --kill, or it ends--> off
 *
 * Time is integer microseconds. Events of one instant run in the order in which they were scheduled; what stations answer in one instant takes
 * effect in the order in which they were asked, whether they live in this process or in another: the trace does not depend on that.
 * A station takes inputs one at a time, each for `turn` microseconds of its processor, and holds at most `ring` frames that wait for it.
 */
import { CodedError, micros, millis, NEVER, type Micros, type Millis } from '../../firmware/core/base/index.js';
import type { RadioFrame, RadioKind } from '../../firmware/core/ports/index.js';
import { Air, type AirCounters, type AirOptions, type Link } from './air.js';
import { BleLinks, type BleOptions } from './ble.js';
import { EventQueue } from './event-queue.js';
import { RandomStream } from './random-stream.js';
import type { RadioInput, Station, Turn } from './station.js';
import { Trace, type Transmission } from './trace.js';

export interface WorldOptions {
  readonly seed: string | number;
  readonly air: Partial<Omit<AirOptions, 'seed'>>;
  readonly ble: Partial<Omit<BleOptions, 'seed'>>;
  /** Processor time of one input, in microseconds; each takes between this and half as much again, so that no two boards move in lockstep. */
  readonly turn: number;
  /** Received frames that wait while the processor is busy. */
  readonly ring: number;
  readonly observer: WorldObserver;
}

/** A turn on a board stays under 5 ms (NimBLE waits on it) and its driver holds six receive buffers, as ESP-IDF's smallest default. */
export const worldDefaults: WorldOptions = { seed: 1, air: {}, ble: {}, turn: 1_000, ring: 6, observer: {} };

/** Callbacks for counters, traces and progress; all optional. */
export interface WorldObserver {
  transmission?(station: number, transmission: Transmission, airtime: Micros): void;
  ready?(station: number): void;
  ended?(station: number, why: string): void;
}

export interface StationCounters {
  readonly air: AirCounters;
  /** Frames lost because the receive ring was full. */
  readonly overruns: number;
  /** Frames that the station handed over while one was in flight: its own fault, not sent. */
  readonly impatient: number;
  readonly boots: number;
}

export interface StationSpec {
  readonly name: string;
  /** 6 octets. */
  readonly mac: Uint8Array;
  /** Makes the station anew at every power-on; `boots` counts from 0. */
  boot(now: Millis, boots: number): Station | Promise<Station>;
}

interface Slot {
  readonly spec: StationSpec;
  readonly pace: RandomStream;
  state: 'off' | 'booting' | 'on';
  /** There while it is on. */
  station: Station | undefined;
  /** Counts power-ons and power-offs: what was scheduled before one is void after it. */
  epoch: number;
  boots: number;
  freeAt: number;
  waitingFrames: number;
  /** When the next tick is due; Infinity: none is. What was scheduled for another time is void. */
  tickAt: number;
  overruns: number;
  impatient: number;
}

/** What an event leaves to be done when all events of its instant have been asked. */
type Consequence = (() => void) | undefined;
type WorldEvent = () => Consequence | Promise<Consequence>;

export class World {
  readonly trace = new Trace();
  readonly #options: WorldOptions;
  readonly #events = new EventQueue<WorldEvent>();
  readonly #slots: Slot[] = [];
  readonly #attachments: { readonly leaf: number; readonly board: number }[] = [];
  readonly #air: Air;
  readonly #ble: BleLinks;
  #now = micros(0);
  #wake = (): void => {};

  constructor(options: Partial<WorldOptions> = {}) {
    this.#options = { ...worldDefaults, ...options };
    const { seed, air, ble } = this.#options;
    const sink = {
      schedule: (at: Micros, run: () => void): void => this.at(at, run),
      transmission: (station: number, transmission: Transmission, airtime: Micros): void => {
        this.trace.add(transmission);
        this.#options.observer.transmission?.(station, transmission, airtime);
      },
      received: (station: number, frame: RadioFrame): void => this.#receive(station, frame),
      sent: (station: number, link: RadioKind, ok: boolean): void => this.#ask(station, { type: 'sent', link, ok }),
    };
    this.#air = new Air({ ...air, seed }, sink);
    this.#ble = new BleLinks({ ...ble, seed }, sink);
  }

  get now(): Micros {
    return this.#now;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Largest payloads of the two media. */
  get mtu(): Readonly<Record<RadioKind, number>> {
    return { air: this.#air.mtu, ble: this.#ble.mtu };
  }

  /** Answers the station's index. It is off until `start`. */
  add(spec: StationSpec): number {
    const index = this.#air.add(spec.mac);
    this.#air.kill(this.#now, index);
    const pace = new RandomStream(this.#options.seed, 'pace', index);
    this.#slots.push({
      spec,
      pace,
      state: 'off',
      station: undefined,
      epoch: 0,
      boots: 0,
      freeAt: 0,
      waitingFrames: 0,
      tickAt: Infinity,
      overruns: 0,
      impatient: 0,
    });
    return index;
  }

  name(index: number): string {
    return this.#slot(index).spec.name;
  }

  isOn(index: number): boolean {
    return this.#slot(index).state === 'on';
  }

  /** Sets one direction of a radio link, or cuts it. */
  setLink(from: number, to: number, link: Link | undefined): void {
    this.#air.setLink(from, to, link);
  }

  /** Replaces every link from and to a station: it has moved. */
  move(station: number, links: readonly (Link & { readonly from: number; readonly to: number })[]): void {
    for (const other of this.#slots.keys()) {
      this.setLink(station, other, undefined);
      this.setLink(other, station, undefined);
    }
    for (const { from, to, ...link } of links) this.setLink(from, to, link);
  }

  link(from: number, to: number): Link | undefined {
    return this.#air.link(from, to);
  }

  links(from: number): ReadonlyMap<number, Link> {
    return this.#air.links(from);
  }

  /** A leaf connects to a board over Bluetooth LE, whenever both are on; it leaves any other board first. */
  attach(leaf: number, board: number | undefined): void {
    const earlier = this.#attachments.findIndex((attachment) => attachment.leaf === leaf);
    if (earlier >= 0) this.#attachments.splice(earlier, 1);
    this.#ble.disconnect(leaf);
    if (board === undefined) return;
    this.#attachments.push({ leaf, board });
    this.#connect(leaf, board);
  }

  counters(index: number): StationCounters {
    const { overruns, impatient, boots } = this.#slot(index);
    return { air: this.#air.counters(index), overruns, impatient, boots };
  }

  /** Runs something at a time of the world; at the present at the earliest. */
  at(time: Micros, run: () => void | Promise<void>): void {
    this.#schedule(time, () => {
      const done = run();
      return done instanceof Promise ? done.then(() => undefined) : undefined;
    });
  }

  /** Power on. A station that is on or booting stays so. */
  start(index: number, at: Micros = this.#now): void {
    const slot = this.#slot(index);
    this.#schedule(at, () => (slot.state === 'off' ? this.#boot(index, slot) : undefined));
  }

  /** Power off, at once: what it was sending is cut short. */
  async kill(index: number): Promise<void> {
    const { station } = this.#slot(index);
    this.#off(index);
    await station?.stop?.();
  }

  /** Something that is not the air makes a station take a turn: a command of its user, at the present time. */
  submit(index: number, command: (now: Millis) => Turn): void {
    const slot = this.#slot(index);
    if (slot.state !== 'on') throw new CodedError('station-off', `${slot.spec.name} is off and takes no command`);
    this.#takeTurn(index, slot, (now) => command(now));
  }

  /** Runs every event up to and including `until`. */
  async run(until: Micros): Promise<void> {
    for (let next = this.#events.next(); next !== undefined && next <= until; next = this.#events.next()) {
      this.#now = next;
      const consequences: (Consequence | Promise<Consequence>)[] = [];
      let waits = false;
      while (this.#events.next() === next) {
        const consequence = this.#events.pop()!();
        if (consequence === undefined) continue;
        consequences.push(consequence);
        waits ||= consequence instanceof Promise;
      }
      const settled = waits ? await Promise.all(consequences) : (consequences as Consequence[]);
      for (const consequence of settled) consequence?.();
    }
    this.#now = micros(Math.max(this.#now, until));
  }

  /** Runs in step with a real clock until the signal is aborted. A machine that is too slow falls behind; nothing is left out. */
  async runPaced(signal: AbortSignal, clock: RealClock = realClock): Promise<void> {
    const origin = clock.micros() - this.#now;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!signal.aborted) {
      await this.run(micros(Math.max(this.#now, Math.floor(clock.micros() - origin))));
      const next = this.#events.next();
      const pause = next === undefined ? longestPause : Math.min(longestPause, Math.max(0, (next + origin - clock.micros()) / 1000));
      let cancel = (): void => {};
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
        cancel = clock.after(pause, resolve);
      });
      await Promise.race([woken, aborted]);
      cancel();
    }
  }

  /** Ends every station. */
  async stop(): Promise<void> {
    await Promise.all(this.#slots.map((_, index) => this.kill(index)));
  }

  #schedule(time: Micros, event: WorldEvent): void {
    this.#events.push(micros(Math.max(time, this.#now)), event);
    this.#wake();
  }

  /** off -> booting */
  #boot(index: number, slot: Slot): Consequence | Promise<Consequence> {
    slot.state = 'booting';
    slot.epoch += 1;
    const { epoch } = slot;
    const booted = slot.spec.boot(this.#millis(), slot.boots);
    slot.boots += 1;
    const ready = (station: Station) => (): void => {
      if (slot.epoch !== epoch) return void station.stop?.();
      this.#on(index, slot, station);
    };
    return booted instanceof Promise ? booted.then(ready) : ready(booted);
  }

  /** booting -> on */
  #on(index: number, slot: Slot, station: Station): void {
    const { epoch } = slot;
    slot.state = 'on';
    slot.station = station;
    slot.freeAt = this.#now;
    station.onUnasked?.((turn) => {
      if (slot.epoch === epoch) this.#apply(index, slot, turn);
    });
    station.onEnd?.((why) => {
      if (slot.epoch !== epoch) return;
      this.#off(index);
      this.#options.observer.ended?.(index, why);
    });
    this.#air.revive(this.#now, index);
    for (const { leaf, board } of this.#attachments) if (leaf === index || board === index) this.#connect(leaf, board);
    this.#options.observer.ready?.(index);
    if (station.first !== undefined) this.#apply(index, slot, station.first);
    else this.#ask(index, { type: 'tick' });
  }

  /** on, booting -> off */
  #off(index: number): void {
    const slot = this.#slot(index);
    slot.epoch += 1;
    slot.state = 'off';
    slot.station = undefined;
    slot.waitingFrames = 0;
    slot.tickAt = Infinity;
    this.#air.kill(this.#now, index);
    this.#ble.disconnect(index);
  }

  #connect(leaf: number, board: number): void {
    if (this.isOn(leaf) && this.isOn(board)) this.#ble.connect(leaf, this.#slot(leaf).spec.mac, board, this.#slot(board).spec.mac);
  }

  #receive(index: number, { kind, from, to, rssi, bytes }: RadioFrame): void {
    const slot = this.#slot(index);
    if (slot.waitingFrames === this.#options.ring) {
      slot.overruns += 1;
      return;
    }
    slot.waitingFrames += 1;
    // The receiver gets a frame of its own: nothing that it does to its octets reaches anyone else.
    this.#ask(index, { type: 'frame', link: kind, from, to, rssi, bytes: bytes.slice() });
  }

  #ask(index: number, input: RadioInput): void {
    const slot = this.#slot(index);
    if (slot.state !== 'on') return;
    this.#takeTurn(index, slot, (now, station) => {
      if (input.type === 'frame') slot.waitingFrames -= 1;
      return station.feed(now, input);
    });
  }

  /** Inputs wait for the processor in the order in which they came. */
  #takeTurn(index: number, slot: Slot, take: (now: Millis, station: Station) => Turn | Promise<Turn>): void {
    const { epoch } = slot;
    const { turn } = this.#options;
    slot.freeAt = Math.max(this.#now, slot.freeAt) + turn + slot.pace.below(turn / 2 + 1);
    this.#schedule(micros(slot.freeAt), () => {
      if (slot.epoch !== epoch) return undefined;
      const taken = take(this.#millis(), slot.station!);
      return taken instanceof Promise
        ? taken.then((done) => () => this.#end(index, slot, epoch, done))
        : () => this.#end(index, slot, epoch, taken);
    });
  }

  #end(index: number, slot: Slot, epoch: number, turn: Turn): void {
    if (slot.epoch === epoch) this.#apply(index, slot, turn);
  }

  #apply(index: number, slot: Slot, { transmits, deadline }: Turn): void {
    for (const { link, to, bytes } of transmits) {
      const medium = link === 'air' ? this.#air : this.#ble;
      if (!medium.transmit(this.#now, index, to.slice(), bytes.slice())) slot.impatient += 1;
    }
    this.#tickAt(index, slot, deadline);
  }

  #tickAt(index: number, slot: Slot, deadline: Millis): void {
    // A deadline that has passed is met a millisecond later: a machine that never moves it on does not stop the world's clock.
    const at = deadline >= NEVER ? Infinity : deadline * 1000 > this.#now ? deadline * 1000 : this.#now + 1000;
    if (at === slot.tickAt) return;
    slot.tickAt = at;
    if (at === Infinity) return;
    const { epoch } = slot;
    this.at(micros(at), () => {
      if (slot.tickAt !== at || slot.epoch !== epoch) return;
      slot.tickAt = Infinity;
      this.#ask(index, { type: 'tick' });
    });
  }

  #millis(): Millis {
    return millis(Math.floor(this.#now / 1000));
  }

  #slot(index: number): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) throw new CodedError('no-station', `there is no station ${index}`);
    return slot;
  }
}

/** The pause of a paced world ends early when something is scheduled; a second bounds what a missed wake-up could cost. */
const longestPause = 1_000;

/** The clock and timer of a paced world. */
export interface RealClock {
  /** Microseconds since some instant. */
  micros(): number;
  /** Answers how to call it off. */
  after(milliseconds: number, run: () => void): () => void;
}

const realClock: RealClock = {
  micros: () => performance.now() * 1000,
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
