/**
 * The consensus state that a block leaves behind, and how it follows from its parent's: who may propose and attest, and what the chain itself knows to
 * be final. The header's weights root commits to it.
 *
 *   same epoch -> same epoch    finality, evidence
 *   same epoch -> next epoch    34 blocks have passed and the block that began this epoch is final by a certificate in the chain: `next` takes over,
 *                               and a new `next` is drawn
 *
 * Both the committee in force and the one before it must attest (Casper's stitching of changing validator sets): otherwise two branches that disagree
 * about a change of committee could each finalise with a quorum of their own.
 */
import { RLP } from '@ethereumjs/rlp';
import { concat, hex } from '../../../../firmware/core/base/index.js';
import type { Certificate } from '../../../../firmware/core/wire/index.js';
import { drawCommittee, isQuorum, SEATS, type Weight } from './draw.js';
import { u32, type ConsensusCrypto, type Hashes } from './hashes.js';

/** An equivocator is out of the draw for a day of 14 s slots: as long as the original bars a signer that missed its turn (6,171 blocks). */
const BAN_EPOCHS = Math.ceil(6_171 / 34);

/** Weights, and the committee drawn from them. */
export interface Term {
  readonly weights: readonly Weight[];
  /** Keys of its 17 seats. */
  readonly committee: readonly Uint8Array[];
}

export interface Ban {
  readonly key: Uint8Array;
  /** First epoch in which it may be drawn again. */
  readonly until: number;
}

export interface Reign {
  /** Counts epochs from 0. */
  readonly epoch: number;
  /** Number of the block that began it. */
  readonly started: number;
  readonly previous: Term;
  readonly current: Term;
  readonly next: Term;
  /** Number of the newest block that a certificate in the chain justifies. */
  readonly justified: number;
  /** The newest block that a certificate in the chain makes final. */
  readonly final: { readonly number: number; readonly hash: Uint8Array };
  readonly bans: readonly Ban[];
}

/** What a block's body says to consensus. */
export interface Extras {
  readonly certificate?: Certificate;
  /** Keys that were proven to equivocate by the block's evidence. */
  readonly offenders: readonly Uint8Array[];
}

export function firstReign(weights: readonly Weight[], random: Uint8Array, hashes: Hashes): Reign {
  const term: Term = { weights, committee: drawCommittee(weights, hashes.committee(random)) };
  return {
    epoch: 0,
    started: 0,
    previous: term,
    current: term,
    next: term,
    justified: 0,
    final: { number: 0, hash: new Uint8Array(32) },
    bans: [],
  };
}

/** Whether block `number` begins an epoch. */
function beginsEpoch({ started, final }: Reign, number: number, length: number): boolean {
  return number >= started + length && final.number >= started;
}

/** random: of the block itself, so that its proposer has at most the choice to forfeit it. weights: of everyone who may be drawn. */
export function nextReign(
  parent: Reign,
  number: number,
  length: number,
  { certificate, offenders }: Extras,
  random: Uint8Array,
  weights: readonly Weight[],
  hashes: Hashes,
): Reign {
  const isFinal =
    certificate !== undefined &&
    certificate.targetNumber === certificate.sourceNumber + 1 &&
    certificate.sourceNumber > parent.final.number;
  const reign: Reign = {
    ...parent,
    justified: Math.max(parent.justified, certificate?.targetNumber ?? 0),
    final: isFinal ? { number: certificate.sourceNumber, hash: certificate.source } : parent.final,
    bans: offenders.reduce<readonly Ban[]>((bans, key) => ban(bans, key, parent.epoch + BAN_EPOCHS), parent.bans),
  };
  if (!beginsEpoch(parent, number, length)) return reign;
  const epoch = parent.epoch + 1;
  const bans = reign.bans.filter(({ until }) => until > epoch);
  const allowed = weights.filter(({ key }) => !bans.some((each) => hex(each.key) === hex(key)));
  // Somebody must produce: if everyone is barred, nobody is.
  const drawn = allowed.length > 0 ? allowed : weights;
  return {
    ...reign,
    epoch,
    started: number,
    previous: parent.current,
    current: parent.next,
    next: { weights: drawn, committee: drawCommittee(drawn, hashes.committee(random)) },
    bans,
  };
}

function ban(bans: readonly Ban[], key: Uint8Array, until: number): readonly Ban[] {
  return [...bans.filter((each) => hex(each.key) !== hex(key)), { key, until }];
}

export function keysOf(committee: readonly Uint8Array[]): Uint8Array {
  return concat(...committee);
}

/** Hash of what a light client need not know. */
export function restOf(reign: Reign, keccak256: ConsensusCrypto['keccak256']): Uint8Array {
  const { epoch, started, current, next, justified, final, bans } = reign;
  const weights = (term: Term): Uint8Array =>
    keccak256(RLP.encode(term.weights.map(({ key, weight, payee }) => [key, u32(weight), payee])));
  return keccak256(
    concat(
      u32(epoch),
      u32(started),
      u32(justified),
      u32(final.number),
      final.hash,
      weights(current),
      weights(next),
      keccak256(concat(...bans.map(({ key, until }) => concat(key, u32(until))))),
    ),
  );
}

/** The header's weights root, see epoch-header in chain.cddl. */
export function weightsRoot(reign: Reign, keccak256: ConsensusCrypto['keccak256']): Uint8Array {
  const committees = [reign.previous, reign.current, reign.next].map(({ committee }) => keccak256(keysOf(committee)));
  return keccak256(concat(...committees, restOf(reign, keccak256)));
}

/** Seats by key, of each term once. */
const seatsByKey = new WeakMap<Term, ReadonlyMap<string, readonly number[]>>();

function seatsIn(term: Term, key: Uint8Array): readonly number[] {
  let seats = seatsByKey.get(term);
  if (!seats) {
    const made = new Map<string, number[]>();
    term.committee.forEach((each, seat) => made.set(hex(each), [...(made.get(hex(each)) ?? []), seat]));
    seatsByKey.set(term, (seats = made));
  }
  return seats.get(hex(key)) ?? [];
}

/** Seats that a key holds in the committee in force and in the one before it, and its first as certificates name it; -1: none. */
export function seatsOf(
  { current, previous }: Reign,
  key: Uint8Array,
): { readonly current: number; readonly previous: number; readonly first: number } {
  const [now, before] = [seatsIn(current, key), seatsIn(previous, key)];
  return { current: now.length, previous: before.length, first: now[0] ?? (before[0] === undefined ? -1 : SEATS + before[0]) };
}

/** Whether keys together are more than two thirds of both committees. */
export function areQuorum(reign: Reign, keys: Iterable<Uint8Array>): boolean {
  let [current, previous] = [0, 0];
  for (const key of keys) {
    const seats = seatsOf(reign, key);
    current += seats.current;
    previous += seats.previous;
  }
  return isQuorum(current) && isQuorum(previous);
}

/** Why a certificate does not hold under the committees of its target, or undefined. */
export function certificateFault(reign: Reign, certificate: Certificate, hashes: Hashes, crypto: ConsensusCrypto): string | undefined {
  const digest = hashes.attestation(certificate);
  const signers = new Map<string, Uint8Array>();
  for (const { seat, signature } of certificate.signatures) {
    const key = seat < SEATS ? reign.current.committee[seat] : reign.previous.committee[seat - SEATS];
    if (!key) return `there is no seat ${seat}`;
    if (signers.has(hex(key))) return `the holder of seat ${seat} is counted twice`;
    if (!crypto.verifySignature(signature, digest, key)) return `the signature of seat ${seat} does not fit`;
    signers.set(hex(key), key);
  }
  return areQuorum(reign, signers.values()) ? undefined : 'its signers are not more than two thirds of both committees';
}
