/**
 * The simulated air: one radio channel shared by all stations, in virtual time, event by event.
 *
 *   idle --transmit--> contending --access--> transmitting --end--> idle (sent ok)
 *                          '--busy for too long--> idle (sent not ok)
 *
 * Medium access is the distributed coordination function of IEEE 802.11-2016, 10.3 for group-addressed frames: carrier sense, DIFS, back-off
 * that freezes while the medium is busy, a back-off after every transmission, no acknowledgement, no retransmission (the mesh does its own).
 * A frame reaches every station in range (promiscuous). It is read if the receiver was silent all the while, if its power stood `capture` dB over
 * the sum of everything else during every instant of it, and if the link's reception ratio allows.
 */
import { micros, type Micros } from '../../firmware/core/base/index.js';
import { airtime, carrierSense, ccaTime, contentionWindow, difs, noiseFloor, receptionRatio, slotTime, type Rate } from './phy.js';
import { RandomStream } from './random-stream.js';
import type { RadioSink } from './radio-sink.js';
import type { Transmission } from './trace.js';

/** One direction of a radio link. */
export interface Link {
  /** Share of frames that pass whatever their length and power: fading, obstacles, foreign interference. 0 makes a link that only disturbs. */
  readonly prr: number;
  /** Mean signal-to-noise ratio in dB: power for capture and carrier sense, and length-dependent bit errors. */
  readonly snr: number;
  /** Standard deviation of the ratio from frame to frame, in dB. */
  readonly deviation: number;
}

export interface AirOptions {
  readonly seed: string | number;
  readonly rate: Rate;
  /** Largest payload: 250 octets with ESP-NOW v1, 1,470 with v2. */
  readonly mtu: number;
  /** How far (dB) a frame must stand over all others to be read. */
  readonly capture: number;
}

/** Capture: ns-2's `CPThresh_`, 10 dB. */
export const airDefaults: AirOptions = { seed: 1, rate: '1M', mtu: 250, capture: 10 };

/** dot11MaxTransmitMSDULifetime: 512 time units of 1,024 us. */
const lifetime = 524_288;

export interface AirCounters {
  readonly airtime: number;
  /** Octets and frames handed to the antenna, envelope and tag included, 802.11 excluded. */
  readonly sentFrames: number;
  readonly sentOctets: number;
  readonly readFrames: number;
  /** Given up before sending: medium busy for the whole lifetime, or payload too long. */
  readonly starved: number;
  readonly tooLong: number;
  /** Frames that reached this station and were not read: own transmission, another's, bit errors. */
  readonly deafened: number;
  readonly collided: number;
  readonly faded: number;
}

interface Arrival {
  readonly at: StationState;
  readonly epoch: number;
  readonly link: Link;
  readonly snr: number;
  readonly power: number;
  readonly sensed: boolean;
  /** Largest sum of other powers while this frame lasted. */
  interference: number;
  deaf: boolean;
}

interface OnAir {
  readonly transmission: Transmission;
  readonly arrivals: Arrival[];
}

interface StationState {
  readonly index: number;
  readonly mac: Uint8Array;
  readonly links: Map<number, Link>;
  readonly arrivals: Arrival[];
  readonly access: RandomStream;
  readonly reception: RandomStream;
  /** Counts boots: what began before one does not concern the station after it. */
  epoch: number;
  alive: boolean;
  sensed: number;
  /** When the medium was last found idle; the back-off runs a DIFS later. */
  idleSince: number;
  slots: number;
  /** Frame waiting for access. `generation` overtakes its scheduled start. */
  waiting: { readonly to: Uint8Array; readonly bytes: Uint8Array } | undefined;
  startsAt: number;
  generation: number;
  sending: OnAir | undefined;
  counters: { -readonly [K in keyof AirCounters]: number };
}

const noCounters: AirCounters = {
  airtime: 0,
  sentFrames: 0,
  sentOctets: 0,
  readFrames: 0,
  starved: 0,
  tooLong: 0,
  deafened: 0,
  collided: 0,
  faded: 0,
};

export class Air {
  readonly #options: AirOptions;
  readonly #sink: RadioSink;
  readonly #stations: StationState[] = [];
  readonly #captureRatio: number;

  constructor(options: Partial<AirOptions>, sink: RadioSink) {
    this.#options = { ...airDefaults, ...options };
    this.#sink = sink;
    this.#captureRatio = decibels(this.#options.capture);
  }

  get mtu(): number {
    return this.#options.mtu;
  }

  /** Answers the station's index; indexes count from 0 in order of arrival. */
  add(mac: Uint8Array): number {
    const index = this.#stations.length;
    this.#stations.push({
      index,
      mac,
      links: new Map(),
      arrivals: [],
      access: new RandomStream(this.#options.seed, 'access', index),
      reception: new RandomStream(this.#options.seed, 'reception', index),
      epoch: 0,
      alive: true,
      sensed: 0,
      idleSince: 0,
      slots: 0,
      waiting: undefined,
      startsAt: 0,
      generation: 0,
      sending: undefined,
      counters: { ...noCounters },
    });
    return index;
  }

  /** Sets one direction; undefined cuts it. Frames in flight keep the link that they left on. */
  setLink(from: number, to: number, link: Link | undefined): void {
    if (link === undefined) this.#station(from).links.delete(to);
    else this.#station(from).links.set(to, link);
  }

  link(from: number, to: number): Link | undefined {
    return this.#station(from).links.get(to);
  }

  /** Stations that this one can disturb. */
  links(from: number): ReadonlyMap<number, Link> {
    return this.#station(from).links;
  }

  counters(index: number): AirCounters {
    return { ...this.#station(index).counters };
  }

  /** Power off: a frame in the air is cut short and nobody reads it. */
  kill(now: Micros, index: number): void {
    const station = this.#station(index);
    const cut = station.sending;
    station.alive = false;
    station.epoch += 1;
    station.generation += 1;
    station.waiting = undefined;
    station.sending = undefined;
    station.arrivals.length = 0;
    station.sensed = 0;
    if (cut === undefined) return;
    for (const arrival of cut.arrivals) arrival.deaf = true;
    this.#leave(now, cut);
  }

  revive(now: Micros, index: number): void {
    const station = this.#station(index);
    station.alive = true;
    station.idleSince = now;
    station.slots = 0;
  }

  /** One frame at a time: false, and nothing happens, while one is waiting or in the air. The sink's `sent` answers every accepted frame. */
  transmit(now: Micros, index: number, to: Uint8Array, bytes: Uint8Array): boolean {
    const station = this.#station(index);
    if (!station.alive || station.waiting !== undefined || station.sending !== undefined) return false;
    if (bytes.length > this.#options.mtu) {
      station.counters.tooLong += 1;
      this.#sink.schedule(now, () => this.#sink.sent(index, 'air', false));
      return true;
    }
    const waiting = { to, bytes };
    station.waiting = waiting;
    this.#countDown(now, station);
    // Immediate access only after a DIFS of silence with no back-off left over; else a back-off is drawn (10.3.4.3).
    if (station.slots === 0 && (!idle(station) || now < station.idleSince + difs)) station.slots = station.access.below(contentionWindow);
    this.#contend(now, station);
    this.#sink.schedule(micros(now + lifetime), () => {
      if (station.waiting !== waiting) return;
      station.waiting = undefined;
      station.generation += 1;
      station.counters.starved += 1;
      this.#sink.sent(index, 'air', false);
    });
    return true;
  }

  #contend(now: Micros, station: StationState): void {
    if (station.waiting === undefined || !idle(station)) return;
    station.startsAt = Math.max(now, station.idleSince + difs + station.slots * slotTime);
    station.generation += 1;
    this.#at(micros(station.startsAt), station, () => this.#start(micros(station.startsAt), station));
  }

  /** The back-off slots that have passed since the medium fell idle are done with. */
  #countDown(now: Micros, station: StationState): void {
    if (!idle(station)) return;
    const passed = Math.max(0, Math.floor((now - station.idleSince - difs) / slotTime));
    station.slots = Math.max(0, station.slots - passed);
    station.idleSince = Math.max(station.idleSince, now - difs - ((now - station.idleSince - difs) % slotTime));
  }

  #start(now: Micros, station: StationState): void {
    const { to, bytes } = station.waiting!;
    const duration = airtime(this.#options.rate, bytes.length);
    const onAir: OnAir = { transmission: { at: now, from: station.mac, kind: 'air', to, bytes }, arrivals: [] };
    station.waiting = undefined;
    station.sending = onAir;
    station.counters.airtime += duration;
    station.counters.sentFrames += 1;
    station.counters.sentOctets += bytes.length;
    for (const arrival of station.arrivals) arrival.deaf = true;
    for (const [index, link] of station.links) this.#arrive(now, onAir, this.#station(index), link);
    this.#sink.transmission(station.index, onAir.transmission, duration);
    this.#at(micros(now + duration), station, () => this.#finish(micros(now + duration), station, onAir));
  }

  #arrive(now: Micros, onAir: OnAir, receiver: StationState, link: Link): void {
    if (!receiver.alive) return;
    const snr = link.deviation === 0 ? link.snr : link.snr + link.deviation * receiver.reception.gaussian();
    const sensed = link.snr >= carrierSense(this.#options.rate);
    const deaf = receiver.sending !== undefined;
    const arrival: Arrival = { at: receiver, epoch: receiver.epoch, link, snr, power: decibels(snr), sensed, interference: 0, deaf };
    if (sensed && idle(receiver)) this.#freeze(now, receiver);
    if (sensed) receiver.sensed += 1;
    receiver.arrivals.push(arrival);
    onAir.arrivals.push(arrival);
    let sum = 0;
    for (const each of receiver.arrivals) sum += each.power;
    for (const each of receiver.arrivals) each.interference = Math.max(each.interference, sum - each.power);
  }

  /** The medium becomes busy: the back-off stops, unless the station starts before its carrier sense could tell it. */
  #freeze(now: Micros, station: StationState): void {
    if (station.waiting !== undefined && station.startsAt <= now + ccaTime) return;
    this.#countDown(now, station);
    station.generation += 1;
  }

  #finish(now: Micros, station: StationState, onAir: OnAir): void {
    station.sending = undefined;
    station.slots = station.access.below(contentionWindow);
    if (idle(station)) station.idleSince = now;
    this.#leave(now, onAir);
    this.#sink.sent(station.index, 'air', true);
  }

  #leave(now: Micros, { transmission, arrivals }: OnAir): void {
    for (const arrival of arrivals) {
      const { at: receiver, epoch, sensed } = arrival;
      if (epoch !== receiver.epoch) continue;
      receiver.arrivals.splice(receiver.arrivals.indexOf(arrival), 1);
      if (sensed) receiver.sensed -= 1;
      if (sensed && idle(receiver)) {
        receiver.idleSince = now;
        this.#contend(now, receiver);
      }
      if (this.#read(arrival, transmission.bytes.length)) {
        const rssi = Math.max(-128, Math.min(0, Math.round(noiseFloor + arrival.snr)));
        this.#sink.received(receiver.index, { kind: 'air', from: transmission.from, to: transmission.to, rssi, bytes: transmission.bytes });
      }
    }
  }

  #read(arrival: Arrival, length: number): boolean {
    const { at: receiver, link, snr, power, interference, deaf } = arrival;
    const { counters } = receiver;
    if (link.prr === 0) return false;
    if (deaf) counters.deafened += 1;
    else if (power < interference * this.#captureRatio) counters.collided += 1;
    else if (receiver.reception.unit() >= link.prr * receptionRatio(this.#options.rate, snr, length)) counters.faded += 1;
    else {
      counters.readFrames += 1;
      return true;
    }
    return false;
  }

  /** Schedules what only counts if the station has done nothing else since. */
  #at(at: Micros, station: StationState, run: () => void): void {
    const { generation } = station;
    this.#sink.schedule(at, () => {
      if (station.generation === generation) run();
    });
  }

  #station(index: number): StationState {
    return this.#stations[index]!;
  }
}

function idle(station: StationState): boolean {
  return station.sensed === 0 && station.sending === undefined;
}

function decibels(value: number): number {
  return 10 ** (value / 10);
}
