/** A bench for the air alone: stations that do nothing, a clock that jumps, and a record of all that happens. */
import { micros, type Micros } from '../../firmware/core/base/index.js';
import type { RadioFrame } from '../../firmware/core/ports/index.js';
import { Air, type AirOptions, type Link } from '../../hosts/sim/air.js';
import { EventQueue } from '../../hosts/sim/event-queue.js';
import { plainLink } from '../../hosts/sim/topology.js';

export const everyone = new Uint8Array(6).fill(0xff);

export interface Heard {
  readonly at: number;
  readonly station: number;
  readonly frame: RadioFrame;
}

export class AirBench {
  readonly air: Air;
  readonly heard: Heard[] = [];
  readonly started: { readonly at: number; readonly station: number; readonly airtime: number }[] = [];
  readonly sent: { readonly at: number; readonly station: number; readonly ok: boolean }[] = [];
  readonly #events = new EventQueue<() => void>();
  now: Micros = micros(0);

  constructor(stations: number, options: Partial<AirOptions> = {}) {
    this.air = new Air(options, {
      schedule: (at, run) => this.#events.push(at, run),
      transmission: (station, { at }, airtime) => this.started.push({ at, station, airtime }),
      received: (station, frame) => this.heard.push({ at: this.now, station, frame }),
      sent: (station, _kind, ok) => this.sent.push({ at: this.now, station, ok }),
    });
    for (let index = 0; index < stations; index += 1) this.air.add(Uint8Array.of(2, 0, 0, 0, 0, index));
  }

  /** Both directions. */
  join(a: number, b: number, link: Link = plainLink(1)): this {
    this.air.setLink(a, b, link);
    this.air.setLink(b, a, link);
    return this;
  }

  at(time: number, run: () => void): void {
    this.#events.push(micros(time), run);
  }

  /** At a time: hand over a frame of that many octets, the first of which is the station's index. */
  send(time: number, station: number, octets = 100): void {
    const bytes = new Uint8Array(octets);
    bytes[0] = station;
    this.at(time, () => void this.air.transmit(this.now, station, everyone, bytes));
  }

  run(): this {
    for (let at = this.#events.next(); at !== undefined; at = this.#events.next()) {
      this.now = at;
      this.#events.pop()!();
    }
    return this;
  }

  /** Who read a frame of whom, as "reader<sender", in order. */
  readings(): string[] {
    return this.heard.map(({ station, frame }) => `${station}<${frame.bytes[0]}`);
  }
}
