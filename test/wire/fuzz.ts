/** Mutation fuzz: damaged messages through a decoder and the second reader, and what must hold of both. */
import fc from 'fast-check';
import { Reason, sameOctets } from '../../firmware/core/base/index.js';
import { encode, type Codec } from '../portable/wire-codecs.js';
import { arbitrary } from './arbitraries.js';
import { readerOf } from './norm.js';

/** Marsaglia's xorshift32. */
export function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Initial octets where something begins or ends: heads of each size, reserved, indefinite, simple, break. */
const turning = [...'0017181a1b1c1f20373b405758595f6077787f80818283979f9fa0a1a2b7b8bfc0d8f4f5f6f7f8f9fbfcff'.matchAll(/../g)].map(
  ([pair]) => parseInt(pair, 16),
);

type Random = (below: number) => number;
const mutations: readonly ((octets: number[], random: Random, other: Uint8Array) => void)[] = [
  (octets, random) => void (octets[random(octets.length)]! ^= 1 << random(8)),
  (octets, random) => void (octets[random(octets.length)] = random(256)),
  (octets, random) => void (octets[random(octets.length)] = turning[random(turning.length)]!),
  (octets, random) => void octets.splice(random(octets.length + 1), 0, turning[random(turning.length)]!),
  (octets, random) => void octets.splice(random(octets.length), 1 + random(3)),
  (octets, random) => void octets.splice(random(octets.length)),
  (octets, random) => {
    const at = random(octets.length);
    octets.splice(at, 0, ...octets.slice(at, at + 1 + random(12)));
  },
  (octets, random, other) =>
    void octets.splice(random(octets.length), random(8), ...other.subarray(random(other.length)).subarray(0, random(16))),
  // One pair more: an unknown key, or one out of place, with a list in lists up to too deep under it.
  (octets, random) => {
    octets[0]! += 1;
    octets.push(
      random(24),
      ...Array.from({ length: random(7) }, () => 0x81),
      turning[random(turning.length)]!,
      ...Array.from({ length: random(4) }, () => random(256)),
    );
  },
];

export interface Findings {
  /** What must not be, in words, with the octets; undefined: nothing. */
  readonly finding: string | undefined;
  readonly inputs: number;
  readonly accepted: number;
  readonly extended: number;
  /** How often each reason was given. */
  readonly reasons: ReadonlyMap<Reason, number>;
}

export function fuzz(codec: Codec, count: number, seed: number): Findings {
  const random = chance(seed);
  const corpus = fc.sample(arbitrary(codec.rule), { seed, numRuns: 60 }).map((message) => encode(codec, message));
  const reasons = new Map<Reason, number>();
  let [accepted, extended, inputs] = [0, 0, 0];
  for (; inputs < count; inputs += 1) {
    const octets = [...corpus[random(corpus.length)]!];
    for (let left = 1 + random(3); left > 0 && octets.length > 0; left -= 1)
      mutations[random(mutations.length)]!(octets, random, corpus[random(corpus.length)]!);
    const input = Uint8Array.from(octets);
    const second = readerOf(codec).read(codec.rule, input);
    const told = (what: string): Findings => {
      const finding = `${codec.rule}, seed ${seed}, input ${inputs}: ${what}: ${Buffer.from(input).toString('hex')}`;
      return { finding, inputs, accepted, extended, reasons };
    };
    let read: ReturnType<Codec['decode']>;
    try {
      read = codec.decode(input, 0, input.length);
    } catch (error) {
      return told(`threw ${String(error)}`);
    }
    if (typeof read === 'number') {
      if (!Object.values(Reason).includes(read)) return told(`${String(read)} is no reason`);
      if (second.refusal === undefined) return told('only the decoder refuses it');
      reasons.set(read, (reasons.get(read) ?? 0) + 1);
      continue;
    }
    if (second.refusal !== undefined) return told(`only the second reader refuses it: ${second.refusal}`);
    accepted += 1;
    if (second.extensions > 0) extended += 1;
    const again = encode(codec, read);
    const same = again.length === input.length && sameOctets(again, 0, input, 0, input.length);
    if (same !== (second.extensions === 0)) return told('it is written differently again');
  }
  return { finding: undefined, inputs, accepted, extended, reasons };
}
