/** Counts what a world sends, by station and by the class in the envelope. Octets are those of the radio payload: envelope and tag included. */
import type { Micros } from '../../firmware/core/base/index.js';
import { checkEnvelope, envelopeClass, EnvelopeClass } from '../../firmware/core/wire/index.js';
import type { Transmission } from './trace.js';

export interface Tally {
  frames: number;
  octets: number;
  /** Microseconds. */
  airtime: number;
}

export type ClassName = keyof typeof EnvelopeClass | 'malformed';

const names = new Map<number, ClassName>(Object.entries(EnvelopeClass).map(([name, value]) => [value, name as ClassName]));
/** What does not carry anybody's data: the cost of having a mesh. */
export const controlClasses: readonly ClassName[] = ['beacon', 'routing', 'handshake'];
export const dataClasses: readonly ClassName[] = ['sos', 'control', 'paid', 'free'];

export class Traffic {
  readonly #tallies: Map<ClassName, Tally>[] = [];

  add(station: number, { bytes }: Transmission, airtime: Micros): void {
    const byClass = (this.#tallies[station] ??= new Map<ClassName, Tally>());
    const name = (checkEnvelope(bytes) === 0 ? names.get(envelopeClass(bytes, 0)) : undefined) ?? 'malformed';
    const tally = byClass.get(name) ?? { frames: 0, octets: 0, airtime: 0 };
    tally.frames += 1;
    tally.octets += bytes.length;
    tally.airtime += airtime;
    byClass.set(name, tally);
  }

  /** Sum over the classes named, or over all; of one station, or of all. */
  total(classes?: readonly ClassName[], station?: number): Tally {
    const sum: Tally = { frames: 0, octets: 0, airtime: 0 };
    for (const byClass of station === undefined ? this.#tallies : [this.#tallies[station]]) {
      for (const [name, tally] of byClass ?? []) {
        if (classes !== undefined && !classes.includes(name)) continue;
        sum.frames += tally.frames;
        sum.octets += tally.octets;
        sum.airtime += tally.airtime;
      }
    }
    return sum;
  }
}
