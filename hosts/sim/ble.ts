/**
 * Bluetooth LE links between a leaf and its board, in virtual time. The link layer repeats a lost packet at the next connection event, so a
 * link loses nothing and only delays (Bluetooth Core 5.4, volume 6, part B, 4.5). It hops over 37 channels: it does not disturb the air.
 */
import { CodedError, micros, type Micros } from '../../firmware/core/base/index.js';
import { RandomStream } from './random-stream.js';
import type { RadioSink } from './radio-sink.js';

export interface BleOptions {
  readonly seed: string | number;
  /** Time between connection events, in microseconds; phones grant 30 ms (Apple, "Accessory Design Guidelines": 15 ms or more, multiples of it). */
  readonly interval: number;
  /** Data packets that each side sends in one event, and that its controller holds: 4 of 244 octets in 30 ms are 260 kb/s; 200 to 500 were measured (ESP-IDF throughput_app). */
  readonly packets: number;
  /** Share of connection events that fail. */
  readonly loss: number;
  /** Largest payload: an attribute at MTU 247 holds 244 octets. */
  readonly mtu: number;
}

export const bleDefaults: BleOptions = { seed: 1, interval: 30_000, packets: 4, loss: 0.05, mtu: 244 };

/** One data packet at 1 Mb/s: preamble 1, access address 4, header 2, L2CAP 4, ATT 3, CRC 3, each octet 8 us. */
const packetOverhead = 17;
/** After each data packet: the other side's empty one, and two inter-frame spaces of 150 us. */
const packetGap = 2 * 150 + 80;

interface Connection {
  readonly stations: readonly [number, number];
  readonly random: RandomStream;
  /** Time of the first connection event, modulo the interval. */
  readonly anchor: number;
  /** Of each station, in the order of `stations`: the latest event that it has packets in, and how many. */
  readonly filled: readonly [Filled, Filled];
  up: boolean;
}

interface Filled {
  event: number;
  packets: number;
}

export class BleLinks {
  readonly #options: BleOptions;
  readonly #sink: RadioSink;
  readonly #macs = new Map<number, Uint8Array>();
  readonly #connections: Connection[] = [];
  /** Stations whose driver has a frame that its controller has not taken yet. */
  readonly #sending = new Map<number, Uint8Array>();
  /** When each station's controller is rid of what it holds, ascending. */
  readonly #held = new Map<number, number[]>();

  constructor(options: Partial<BleOptions>, sink: RadioSink) {
    this.#options = { ...bleDefaults, ...options };
    const { loss } = this.#options;
    if (!(loss >= 0 && loss < 1)) throw new CodedError('ble-loss', `a share of lost connection events is in [0, 1), not ${loss}`);
    this.#sink = sink;
  }

  get mtu(): number {
    return this.#options.mtu;
  }

  connect(a: number, macA: Uint8Array, b: number, macB: Uint8Array): void {
    const random = new RandomStream(this.#options.seed, 'ble', a, b);
    this.#macs.set(a, macA).set(b, macB);
    this.#connections.push({
      stations: [a, b],
      random,
      anchor: random.below(this.#options.interval),
      filled: [nothing(), nothing()],
      up: true,
    });
  }

  /** Ends every connection of the station: it died, or moved away. */
  disconnect(station: number): void {
    this.#sending.delete(station);
    this.#held.delete(station);
    for (const connection of this.#connections) if (connection.stations.includes(station)) connection.up = false;
    const open = this.#connections.filter((connection) => connection.up);
    this.#connections.splice(0, this.#connections.length, ...open);
  }

  /**
   * One frame at a time: false, and nothing happens, while the controller has not taken the last one. `sent` says that it has; it is not ok if nobody
   * with that MAC is connected.
   */
  transmit(now: Micros, station: number, to: Uint8Array, bytes: Uint8Array): boolean {
    if (this.#sending.has(station)) return false;
    this.#sending.set(station, bytes);
    const done = (ok: boolean): void => {
      if (this.#sending.get(station) !== bytes) return;
      this.#sending.delete(station);
      this.#sink.sent(station, 'ble', ok);
    };
    const peers = this.#connections.filter(({ stations }) => stations.includes(station) && this.#meant(to, other(stations, station)));
    if (peers.length === 0 || bytes.length > this.#options.mtu) {
      this.#sink.schedule(now, () => done(false));
      return true;
    }
    const duration = micros(8 * (packetOverhead + bytes.length));
    const transmission = { at: now, from: this.#macs.get(station)!, kind: 'ble', to, bytes } as const;
    this.#sink.transmission(station, transmission, micros(duration * peers.length));
    let last = 0;
    for (const connection of peers) {
      const arrival = this.#arrival(now, station, connection, duration);
      last = Math.max(last, arrival);
      this.#sink.schedule(arrival, () => {
        if (!connection.up) return;
        const { from } = transmission;
        this.#sink.received(other(connection.stations, station), { kind: 'ble', from, to, rssi: bleRssi, bytes });
      });
    }
    const held = [...(this.#held.get(station) ?? []).filter((rid) => rid > now), last];
    this.#held.set(station, held);
    const taken = micros(held.length <= this.#options.packets ? now : held[held.length - this.#options.packets - 1]!);
    this.#sink.schedule(taken, () => done(peers.some(({ up }) => up)));
    return true;
  }

  /** The end of the frame's packet, in the first event that has room for it and does not fail. */
  #arrival(now: Micros, station: number, { stations, anchor, filled, random }: Connection, duration: Micros): Micros {
    const { interval, packets, loss } = this.#options;
    const mine = filled[stations.indexOf(station)]!;
    let event = Math.max(mine.event, now + interval - ((now - anchor + interval) % interval));
    if (event === mine.event && mine.packets === packets) event += interval;
    while (random.unit() < loss) event += interval;
    if (event !== mine.event) Object.assign(mine, { event, packets: 0 });
    const arrival = event + mine.packets * (duration + packetGap) + duration;
    mine.packets += 1;
    return micros(arrival);
  }

  #meant(to: Uint8Array, peer: number): boolean {
    const mac = this.#macs.get(peer)!;
    return to.every((octet) => octet === 0xff) || to.every((octet, i) => octet === mac[i]);
  }
}

const nothing = (): Filled => ({ event: 0, packets: 0 });

/** A phone in the same room: -60 dBm. */
const bleRssi = -60;

function other([a, b]: readonly [number, number], station: number): number {
  return station === a ? b : a;
}
