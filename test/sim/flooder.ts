/**
 * A machine for tests of the world alone: names itself every second to everyone, and repeats what it hears from others once, after a
 * random pause. Knows nothing of the mesh. Frame: origin 1, number 1, then padding.
 */
import { millis, type Machine, type Millis } from '../../firmware/core/base/index.js';
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { MachineStation, type RadioInput, type Station, type Transmit, type Turn } from '../../hosts/sim/station.js';
import type { StationSpec } from '../../hosts/sim/world.js';

export interface Hears {
  readonly type: 'hears';
  readonly origin: number;
  readonly number: number;
}

const period = 1_000;

export class Flooder implements Machine<RadioInput, Transmit | Hears> {
  readonly #self: number;
  readonly #random: RandomStream;
  readonly #effects: (Transmit | Hears)[] = [];
  readonly #seen = new Set<number>();
  readonly #due: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #number = 0;
  #next: number;
  #sending = false;

  constructor(self: number, seed: number, now: Millis) {
    this.#self = self;
    this.#random = new RandomStream(seed, 'flooder', self);
    this.#next = now + this.#random.below(period);
  }

  handle(now: Millis, input: RadioInput): void {
    if (input.type === 'sent') this.#sending = false;
    if (input.type === 'frame') this.#heard(now, input.bytes);
    if (now >= this.#next) {
      this.#next += period;
      this.#number = (this.#number + 1) & 0xff;
      this.#seen.add((this.#self << 8) | this.#number);
      this.#due.push({ at: now, bytes: Uint8Array.of(this.#self, this.#number, ...new Uint8Array(30)) });
    }
    if (this.#sending || this.#due.length === 0 || this.#due[0]!.at > now) return;
    this.#sending = true;
    this.#effects.push({ type: 'transmit', link: 'air', to: new Uint8Array(6).fill(0xff), bytes: this.#due.shift()!.bytes });
  }

  poll(): Transmit | Hears | undefined {
    return this.#effects.shift();
  }

  deadline(): Millis {
    const repeat = this.#sending ? undefined : this.#due[0]?.at;
    return millis(Math.min(this.#next, repeat ?? this.#next));
  }

  #heard(now: Millis, bytes: Uint8Array): void {
    const [origin, number] = [bytes[0]!, bytes[1]!];
    const key = (origin << 8) | number;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#effects.push({ type: 'hears', origin, number });
    this.#due.push({ at: now + 5 + this.#random.below(60), bytes });
    this.#due.sort((a, b) => a.at - b.at);
  }
}

/** The same machine, answering late, as a board in another process does. */
class SlowStation implements Station {
  readonly #station: Station;

  constructor(station: Station) {
    this.#station = station;
  }

  async feed(now: Millis, input: RadioInput): Promise<Turn> {
    for (let k = (now + (input.type === 'frame' ? input.from[5]! : 0)) % 4; k > 0; k -= 1) await new Promise(setImmediate);
    return this.#station.feed(now, input);
  }
}

export function flooderSpec(index: number, seed: number, hears: (origin: number) => void = () => {}, slow = false): StationSpec {
  return {
    name: `flooder ${index}`,
    mac: Uint8Array.of(2, 0, 0, 0, 0, index),
    boot: (now) => {
      const station = new MachineStation<RadioInput, Transmit | Hears>(new Flooder(index, seed, now), (_, { origin }) => hears(origin));
      return slow ? new SlowStation(station) : station;
    },
  };
}
