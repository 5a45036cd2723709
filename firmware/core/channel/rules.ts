/** Policy as pure functions with named answers: what is accepted, when, and in plain words why not. */
import type { Rules } from './inputs.js';
import { exposure, type Channel, type Lock } from './state.js';

export const HOUR = 3_600;
/** A chain is effective while its newest finalised header is younger (Photon's EffectiveTimeoutSeconds). */
export const EFFECTIVE = 180;
/** Locks in a half: 32 fit one `resume`, and a locks root over them costs 31 hashes. */
export const LOCKS_MOST = 32;
/** Mediators of a payment: three steps of 25 h and two hours for the payee are 77 h of the 77.8 h that a settlement window of 40,000 blocks of 14 s leaves. */
export const MEDIATORS_MOST = 3;

/**
 * Block period of Spectrum; a day off-grid and half an hour of clock error at either end give 25 h a hop (26 h would not fit three mediators).
 * 30 blocks are Photon's reveal timeout.
 */
export const defaultRules: Rules = {
  blockPeriod: 14,
  longestOffGrid: 24 * HOUR,
  clockError: HOUR / 2,
  lastHop: 2 * HOUR,
  revealTimeout: 30,
  unlockDelay: 60,
  caps: () => undefined,
  mediates: true,
};

/** Reasons as they stand in a waiver; the texts are for people. */
export const REASONS = {
  'no-route': 'there is no channel to the next node of the route',
  'no-balance': 'the balance towards the next node is too small',
  'fee-too-low': 'the fee does not cover what a node on the way asks',
  'too-late': 'the lock expires too soon for a node on the way to be safe without the chain',
  'too-long': 'the lock outlasts the window in which the node could still defend it on the chain',
  'over-cap': "what is unsettled without the chain would exceed the node's cap",
  'window-closed': 'the node has been without the chain for half of the settlement window',
  'no-clock': 'the node does not know the time',
  'not-mediating': 'the node passes no payments on',
  'no-secret': 'the secret never came',
  cancelled: 'the payer has called the payment off',
  'channel-busy': 'the channel is being settled, paid out or closed',
  unwanted: 'the payee does not take this payment',
  'bad-proof': 'the balance proof is not valid',
} as const;
export type WaiveReason = keyof typeof REASONS;
export const REASON_NAMES = Object.keys(REASONS) as WaiveReason[];

/** What a node knows of time and chain. */
export interface View {
  /** s since 1970; undefined: nobody trusted has told it. */
  readonly wall: number | undefined;
  /** Newest finalised header. */
  readonly height: number;
  readonly time: number;
}

/** Online: judged by the node itself from a finalised header, however many young blocks it is shown. */
export const effective = ({ wall, time }: View, { clockError }: Rules): boolean =>
  wall !== undefined && wall - time < EFFECTIVE && time - wall <= clockError + EFFECTIVE;

/** s of safe distance between the locks before and behind a node. */
export const stepOf = ({ longestOffGrid, clockError }: Rules): number => longestOffGrid + 2 * clockError;

/** Until when a state of the channel can be defended: half of the settlement window, which the other half leaves for coming back. */
export const windowEnd = ({ settleTimeout }: Channel, { time }: View, { blockPeriod }: Rules): number =>
  time + Math.floor((settleTimeout * blockPeriod) / 2);

/** The block that stands at `time` if blocks come on time. */
export const heightAt = ({ height, time }: View, at: number, { blockPeriod }: Rules): number =>
  height + Math.max(0, Math.ceil((at - time) / blockPeriod));

/** May money be received through the channel now? Asked by the receiver, who bears the loss. */
export function receiving(channel: Channel, view: View, rules: Rules): WaiveReason | undefined {
  if (view.wall === undefined) return 'no-clock';
  if (effective(view, rules)) return undefined;
  return view.wall + rules.clockError < windowEnd(channel, view, rules) ? undefined : 'window-closed';
}

/** Would `gain` more of unsettled money through the channel break a cap? Online nothing is exposed: the chain is in reach. */
export function exposing(channel: Channel, all: Iterable<Channel>, gain: bigint, view: View, rules: Rules): WaiveReason | undefined {
  if (effective(view, rules)) return undefined;
  const caps = rules.caps(channel.token);
  if (caps === undefined) return undefined;
  let total = gain;
  for (const each of all) if (compareTokens(each, channel)) total += exposure(each);
  return exposure(channel) + gain > caps.peer || total > caps.total ? 'over-cap' : undefined;
}

const compareTokens = (a: Channel, b: Channel): boolean => a.token.every((octet, i) => octet === b.token[i]);

/** Is a lock that has come fit to be answered with its secret, or passed on with a step less? */
export function timing(lock: Lock, channel: Channel, last: boolean, view: View, rules: Rules): WaiveReason | undefined {
  if (view.wall === undefined) return 'no-clock';
  const least = view.wall + rules.clockError + (last ? 0 : stepOf(rules));
  if (lock.expiryTime <= least) return 'too-late';
  if (effective(view, rules) && lock.expiryBlock < view.height + rules.revealTimeout) return 'too-late';
  // The contract's expiry must not come before the payee's: it would take the way to the chain from under an honest node.
  if (lock.expiryBlock < heightAt(view, lock.expiryTime - 2 * rules.clockError, rules)) return 'too-late';
  if (lock.expiryTime > windowEnd(channel, view, rules)) return 'too-long';
  return undefined;
}

/** Is the lock void on the chain: expired, as a header in reach says, without its secret registered? Events of one batch come before its header. */
export const expired = (lock: Lock, view: View): boolean => view.height > lock.expiryBlock;

/** A wall time as money may use it. */
export function exposureInWords(exposed: bigint, cap: bigint | undefined): string {
  const limit = cap === undefined ? 'no cap is set' : `the cap is ${cap}`;
  return exposed === 0n
    ? `Nothing is at risk: everything received is known to the chain's rules; ${limit}.`
    : `${exposed} received without the chain could be lost if its payer cheats and this box does not reach the chain in time; ${limit}.`;
}
