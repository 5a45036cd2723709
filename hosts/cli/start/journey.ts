/** Follows one sender's packets over the air: which stations passed them on, in what order, and what that took. */
import type { Micros } from '../../../firmware/core/base/index.js';
import { ENVELOPE_OCTETS, envelopeClass, EnvelopeClass, envelopeCounter, envelopeFlow } from '../../../firmware/core/wire/index.js';
import { dataClasses, Traffic, type Tally, type Transmission } from '../../sim/index.js';

/** Packets remembered; a packet crosses the island well before so many others have begun. */
const REMEMBERED = 512;

export class Journey {
  readonly #traffic = new Traffic();
  readonly #from: number;
  readonly #to: number;
  /** Stations that sent a packet, in the order of their first try, by flow and counter. */
  readonly #paths = new Map<string, number[]>();
  #route: readonly number[] = [];

  /** Of packets that station `from` sends first; `to` is the last one on the air, which acknowledges them and takes them off it. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  see(station: number, transmission: Transmission, airtime: Micros): void {
    this.#traffic.add(station, transmission, airtime);
    const { bytes } = transmission;
    const name = `${envelopeFlow(bytes, 0)} ${envelopeCounter(bytes, 0)}`;
    const path = this.#paths.get(name);
    if (path === undefined) {
      if (station === this.#from && bytes.length > ENVELOPE_OCTETS) this.#remember(name);
    } else if (station === this.#to) this.#route = [...path, station];
    else if (envelopeClass(bytes, 0) !== EnvelopeClass.ack && !path.includes(station)) path.push(station);
  }

  /** Stations that the latest packet passed, both ends included; empty before the first arrived. */
  get route(): readonly number[] {
    return this.#route;
  }

  /** Everything that was sent on behalf of somebody, by all stations. */
  data(): Tally {
    return this.#traffic.total(dataClasses);
  }

  #remember(name: string): void {
    this.#paths.set(name, [this.#from]);
    if (this.#paths.size > REMEMBERED) this.#paths.delete(this.#paths.keys().next().value!);
  }
}
