/**
 * What a node keeps of a channel. Each direction is a half: everything its payer has promised so far, under one signature.
 *
 *   open -> settling | withdrawing    both ends agree to end it, or to pay out of it; no new proofs
 *   withdrawing -> open               paid out on the chain: a new epoch, nonces start again
 *   open, settling, withdrawing -> closing    we want it closed
 *   any -> closed                     closed on the chain: proofs are handed in until settleBlock
 *   any -> gone                       settled on the chain
 *
 * Of a lock at its payee:  held -> forwarded -> revealed    a way on was found, the secret came back
 *                          held -> asked -> revealed        we are the last and do not know the secret
 *                          held -> revealed                 we are the last
 *                          held, forwarded, asked -> waived
 * and at its payer:        held -> owed (the secret came) | waived (by the payee)
 */
import { concat, hex, sameOctets } from '../base/index.js';
import { compare, type Epoch, type HashLock, type Layouts } from './layouts.js';

export const LOCK_STATES = ['held', 'forwarded', 'asked', 'revealed', 'owed', 'waived'] as const;
export type LockState = (typeof LOCK_STATES)[number];
export const PHASES = ['open', 'settling', 'withdrawing', 'closing', 'closed', 'gone'] as const;
export type Phase = (typeof PHASES)[number];

/** Another node as money knows it: signatures are checked against the whole key. */
export interface Peer {
  /** 33 octets. */
  readonly key: Uint8Array;
  /** 20 octets, the contract's participant. */
  readonly address: Uint8Array;
  /** 8 octets, where messages go. */
  readonly node: Uint8Array;
}

export interface Waived {
  /** Index of the reason in rules.ts; it is part of what is signed. */
  readonly reason: number;
  /** additional_hash and signature of the disposed proof. */
  readonly additional: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Lock extends HashLock {
  /** Of the proof that brought it: its name in the half. */
  readonly nonce: number;
  /** s since 1970; no secret is revealed later. */
  readonly expiryTime: number;
  readonly fee: bigint;
  /** 16 octets, or none. */
  readonly origin: Uint8Array;
  /** Ids of the nodes behind the payee of this lock. */
  readonly route: Uint8Array;
  state: LockState;
  /** As it is revealed: 32 octets, or the 16 that it follows from. */
  secret: Uint8Array | undefined;
  waived: Waived | undefined;
  /** At its payee: the payer has the secret. At its payer: the payee may have it. */
  known: boolean;
  /** The secret is registered on the chain, in time. */
  registered: boolean;
  /** At its payee: unlocked on the chain. */
  paid: boolean;
  /** At its payer: the lock of another channel that pays for it; none: it is our own payment. */
  from: Link | undefined;
  /** At its payee: what is ours of it, the rest was passed on. */
  earned: bigint;
}

/** A lock, by channel and nonce. */
export interface Link {
  readonly channel: string;
  readonly nonce: number;
}

export interface Half {
  nonce: number;
  transferred: bigint;
  locks: Lock[];
  /** 32 octets. */
  additional: Uint8Array;
  /** 64 octets. */
  signature: Uint8Array;
}

/** What was agreed, and what of it was signed. */
export interface Agreement {
  /** Undefined: settle. */
  readonly withdraw: bigint | undefined;
  /** We asked; a withdrawal is paid to who asked. */
  readonly ours: boolean;
  mine: Uint8Array | undefined;
  theirs: Uint8Array | undefined;
}

export interface HandedIn {
  readonly transferred: bigint;
  readonly locksroot: Uint8Array;
}

export interface Sent {
  readonly nonce: number;
  readonly payload: Uint8Array;
}

/** A disposed proof that outlives its lock: the payee may still hand in an older proof of ours that holds the lock. */
export interface Penalty extends Waived {
  readonly lockHash: Uint8Array;
  readonly hash: Uint8Array;
  readonly expiryBlock: number;
}

export interface Channel extends Epoch {
  /** Hexadecimal id. */
  readonly key: string;
  readonly token: Uint8Array;
  readonly peer: Peer;
  readonly settleTimeout: number;
  openBlock: number;
  phase: Phase;
  settleBlock: number;
  deposit: bigint;
  peerDeposit: bigint;
  mine: Half;
  theirs: Half;
  /** Proofs of ours that the peer has not acknowledged, oldest first. */
  outbox: Sent[];
  agreement: Agreement | undefined;
  penalties: Penalty[];
  /** What we would have been sure of when the chain was last effective: later gains are exposed. */
  assured: bigint;
  /** Nonce of the newest proof of theirs that the chain has; what it has of either half, as settling wants it. */
  handedIn: number;
  known: { mine: HandedIn; theirs: HandedIn };
  /** The peer knows a newer state of ours than we do: no proof and no close until it has told us. */
  behind: boolean;
}

export const nothingHandedIn = (): HandedIn => ({ transferred: 0n, locksroot: new Uint8Array(32) });

export const emptyHalf = (): Half => ({
  nonce: 0,
  transferred: 0n,
  locks: [],
  additional: new Uint8Array(32),
  signature: new Uint8Array(64),
});

export function lockedIn(half: Half): bigint {
  let sum = 0n;
  for (const lock of half.locks) sum += lock.amount;
  return sum;
}

/** What we can still promise. */
export const available = ({ deposit, mine, theirs }: Channel): bigint => deposit + theirs.transferred - mine.transferred - lockedIn(mine);

/** Ours if everything were settled now; locks count for who has given them. */
export const balance = ({ deposit, mine, theirs }: Channel): bigint => deposit + theirs.transferred - mine.transferred;

/** What we gained since the chain was last effective: lost if the peer closes with an old proof and we come back too late. */
export function exposure(channel: Channel): bigint {
  const gained = channel.theirs.transferred + lockedIn(channel.theirs) - channel.assured;
  return gained > 0n ? gained : 0n;
}

export function rootOf(layouts: Layouts, locks: readonly Lock[]): Uint8Array {
  return layouts.locksroot(locks.map((lock) => layouts.lockHash(lock)));
}

export function findLock(half: Half, nonce: number): Lock | undefined {
  return half.locks.find((lock) => lock.nonce === nonce);
}

export function findByHash(half: Half, hash: Uint8Array): Lock | undefined {
  return half.locks.find((lock) => sameOctets(lock.hash, 0, hash, 0, 32));
}

export const keyOf = (id: Uint8Array): string => hex(id);

/** Channels of a pair, the oldest first: the one that messages do not name. */
export function byAge(a: Channel, b: Channel): number {
  return a.openBlock - b.openBlock || compare(a.id, b.id);
}

export const sameAddress = (a: Uint8Array, b: Uint8Array): boolean => sameOctets(a, 0, b, 0, 20);

/** Ids joined as a route goes. */
export const routeOf = (ids: readonly Uint8Array[]): Uint8Array => concat(...ids);
