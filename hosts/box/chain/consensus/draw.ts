/**
 * Who proposes and who attests, by weight. A slot's proposer and its stand-ins are drawn one after the other, each in proportion to its weight among
 * those that are left. A committee takes every (total / 17)th unit of weight from a random start on ("systematic sampling"): each box holds its
 * share of the 17 seats rounded down or up, never two more or fewer by chance, so that a third of the weight can hardly be a third of the seats.
 */
export interface Weight {
  /** Compressed public key, 33 octets. */
  readonly key: Uint8Array;
  /** 1 to 2^32 - 1. */
  readonly weight: number;
  /** Address of its rewards, 20 octets. */
  readonly payee: Uint8Array;
}

/** Spectrum's number of signers (params of its Tribe). */
export const SEATS = 17;
/** Proposer and stand-ins of a slot at 4 s steps in 14 s. */
export const CANDIDATES = 4;

/** More than two thirds of the seats. */
export function isQuorum(seats: number): boolean {
  return seats * 3 > SEATS * 2;
}

/** Index of the drawn weight. seed: at least 16 octets; 128 bits modulo a total below 2^53 leave a bias under 2^-75. */
export function drawOne(weights: readonly Pick<Weight, 'weight'>[], seed: Uint8Array): number {
  let rest = Number(integer(seed) % BigInt(total(weights)));
  for (let i = 0; i < weights.length; i += 1) {
    rest -= weights[i]!.weight;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}

/** The proposer of a slot and its stand-ins, in the order of their steps; seed: of each step. */
export function drawProposers(weights: readonly Weight[], seed: (step: number) => Uint8Array, count = CANDIDATES): Weight[] {
  const left = [...weights];
  const drawn: Weight[] = [];
  for (let step = 0; step < count && left.length > 0; step += 1) drawn.push(...left.splice(drawOne(left, seed(step)), 1));
  return drawn;
}

/** Keys of the seats, in the order of the weights. */
export function drawCommittee(weights: readonly Weight[], seed: Uint8Array): Uint8Array[] {
  const all = BigInt(total(weights));
  const seats: Uint8Array[] = [];
  // In units of a 17th of weight: seat i stands at start + i * total, with the start below total.
  const start = integer(seed) % all;
  let upTo = 0n;
  for (const { key, weight } of weights) {
    upTo += BigInt(weight) * BigInt(SEATS);
    while (seats.length < SEATS && start + BigInt(seats.length) * all < upTo) seats.push(key);
  }
  return seats;
}

function total(weights: readonly Pick<Weight, 'weight'>[]): number {
  return weights.reduce((sum, { weight }) => sum + weight, 0);
}

function integer(seed: Uint8Array): bigint {
  let value = 0n;
  for (let i = 0; i < 16; i += 1) value = (value << 8n) | BigInt(seed[i]!);
  return value;
}
