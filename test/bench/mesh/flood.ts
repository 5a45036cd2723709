/**
 * Two floods as baselines, on the same air: every station repeats what it hears for the first time, or, as Meshtastic does, waits and keeps silent if
 * somebody else repeats it first. Neither knows routes; a question and its answer are a flood each.
 *
 *   unknown -> waiting     heard for the first time, hops left
 *   waiting -> sent        its time has come
 *   waiting -> silent      managed: heard again
 *   asking -> asking       no answer: its sender repeats it, three times in all, 2 s apart as our pings are
 */
import { millis, NEVER, u16At, u32At, type Machine, type Millis, type Prng } from '../../../firmware/core/base/index.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';
import { MachineStation, type RadioInput, type Transmit } from '../../../hosts/sim/station.js';
import { World } from '../../../hosts/sim/world.js';
import type { MakeNetwork } from './network.js';

/** As many octets as our ping: 16 of header, 19 of packet. */
const OCTETS = 35;
/** Plain: every station of a large mesh is reached. Managed: the largest hop limit of Meshtastic's header. */
const HOPS = { plain: 63, managed: 7 };
/** Milliseconds before repeating: three frames' airtime for a neighbourhood of six; Meshtastic's window of 8 to 256 slots of such a frame. */
const WAIT = { plain: 10, managed: 60 };
const TRIES = 3;
const AGAIN = 2_000;
const BROADCAST = new Uint8Array([255, 255, 255, 255, 255, 255]);
const KIND = { question: 0, answer: 1 };

type Input = RadioInput | { readonly type: 'ask'; readonly to: number; readonly token: number };
type Effect = Transmit | { readonly type: 'answered' | 'given-up'; readonly token: number };

interface Waiting {
  readonly bytes: Uint8Array;
  readonly key: string;
  at: number;
}

interface Asking {
  readonly token: number;
  readonly bytes: Uint8Array;
  tries: number;
  at: number;
}

export const flood = (): MakeNetwork => network('plain');
export const managedFlood = (): MakeNetwork => network('managed');

function network(manner: 'plain' | 'managed'): MakeNetwork {
  return ({ seed, topology, observer, answered, givenUp }) => {
    const world = new World({ seed, observer });
    const stations: MachineStation<Input, Effect>[] = [];
    for (let index = 0; index < topology.nodes; index += 1) {
      world.add({
        name: `station ${index}`,
        mac: new Uint8Array([2, 0, 0, 0, index >> 8, index]),
        boot: () => {
          const machine = new Flooder(index, manner, new RandomStream(seed, 'flood', index));
          return (stations[index] = new MachineStation<Input, Effect>(machine, (_, effect) =>
            (effect.type === 'answered' ? answered : givenUp)(effect.token),
          ));
        },
      });
    }
    for (const { from, to, ...link } of topology.links) world.setLink(from, to, link);
    return {
      world,
      reach: () => undefined,
      ask: (from, to, token) => world.submit(from, (now) => stations[from]!.feed(now, { type: 'ask', to, token })),
      isControl: () => false,
      stop: () => world.stop(),
    };
  };
}

/** A packet: from 2, to 2, token 4, kind 1, hops left 1, then as much as a packet has. */
class Flooder implements Machine<Input, Effect> {
  readonly #id: number;
  readonly #manner: 'plain' | 'managed';
  readonly #prng: Prng;
  readonly #seen = new Set<string>();
  readonly #waiting: Waiting[] = [];
  readonly #asking = new Map<number, Asking>();
  readonly #effects: Effect[] = [];
  #busy = false;
  #now = millis(0);

  constructor(id: number, manner: 'plain' | 'managed', prng: Prng) {
    this.#id = id;
    this.#manner = manner;
    this.#prng = prng;
  }

  handle(now: Millis, input: Input): void {
    this.#now = now;
    if (input.type === 'sent') this.#busy = false;
    else if (input.type === 'frame') this.#hear(input.bytes);
    else if (input.type === 'ask') {
      const bytes = packet(this.#id, input.to, input.token, KIND.question, HOPS[this.#manner]);
      this.#asking.set(input.token, { token: input.token, bytes, tries: 0, at: now });
    }
    for (const [token, asking] of this.#asking) {
      if (asking.at > now) continue;
      if (asking.tries === TRIES) {
        this.#asking.delete(token);
        this.#effects.push({ type: 'given-up', token });
        continue;
      }
      asking.at = now + AGAIN;
      this.#seen.add(keyOf(asking.bytes, asking.tries));
      const bytes = asking.bytes.slice();
      bytes[10] = asking.tries;
      asking.tries += 1;
      this.#waiting.push({ bytes, key: keyOf(bytes), at: now });
    }
  }

  poll(): Effect | undefined {
    const effect = this.#effects.shift();
    if (effect !== undefined || this.#busy) return effect;
    const due = this.#waiting.findIndex(({ at }) => at <= this.#now);
    if (due < 0) return undefined;
    this.#busy = true;
    return { type: 'transmit', link: 'air', to: BROADCAST, bytes: this.#waiting.splice(due, 1)[0]!.bytes };
  }

  deadline(): Millis {
    let earliest: number = NEVER;
    if (!this.#busy) for (const { at } of this.#waiting) earliest = Math.min(earliest, at);
    for (const { at } of this.#asking.values()) earliest = Math.min(earliest, at);
    return millis(earliest === NEVER ? NEVER : Math.max(earliest, this.#now + 1));
  }

  #hear(bytes: Uint8Array): void {
    const key = keyOf(bytes);
    if (this.#seen.has(key)) {
      const held = this.#waiting.findIndex((waiting) => waiting.key === key && waiting.at > this.#now);
      if (this.#manner === 'managed' && held >= 0) this.#waiting.splice(held, 1);
      return;
    }
    this.#seen.add(key);
    const to = u16At(bytes, 2);
    if (to === this.#id) return this.#take(bytes);
    const hops = bytes[9]!;
    if (hops === 0) return;
    const on = bytes.slice();
    on[9] = hops - 1;
    this.#waiting.push({ bytes: on, key, at: this.#now + 1 + this.#prng.below(WAIT[this.#manner]) });
  }

  #take(bytes: Uint8Array): void {
    const token = u32At(bytes, 4);
    if (bytes[8] === KIND.answer) {
      if (this.#asking.delete(token)) this.#effects.push({ type: 'answered', token });
      return;
    }
    const answer = packet(this.#id, u16At(bytes, 0), token, KIND.answer, HOPS[this.#manner]);
    answer[10] = bytes[10]!;
    this.#seen.add(keyOf(answer));
    this.#waiting.push({ bytes: answer, key: keyOf(answer), at: this.#now });
  }
}

function packet(from: number, to: number, token: number, kind: number, hops: number): Uint8Array {
  const bytes = new Uint8Array(OCTETS);
  bytes.set([from >> 8, from, to >> 8, to, token >>> 24, token >>> 16, token >>> 8, token, kind, hops, 0]);
  return bytes;
}

/** Names a packet, whoever repeats it; each try of its sender is another. */
function keyOf(bytes: Uint8Array, tries = bytes[10]!): string {
  return `${u16At(bytes, 0)}/${u32At(bytes, 4)}/${bytes[8]}/${tries}`;
}
