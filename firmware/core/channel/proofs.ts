/**
 * Balance proofs: each is the whole of what its signer owes, and the contract verifies it as it travels.
 *
 *   ours:    waiting -> signed -> stored -> sent -> acknowledged      stored before it leaves, sent again until acknowledged
 *   theirs:  judged -> verified -> stored -> acknowledged             a proof that came before is only acknowledged again
 *
 * Every proof takes along what is due: locks whose secret the payee has revealed are paid, locks that it has waived are removed.
 */
import { hex, millis, NEVER } from '../base/index.js';
import { decodeTransfer, TRANSFER_REMOVED_MAX, TRANSFER_UNLOCKED_MAX, type Transfer } from '../wire/index.js';
import type { Change, Core } from './core.js';
import type { Fact, PaymentKind } from './inputs.js';
import { AMOUNT_LIMIT, amountOctets, amountOf } from './numbers.js';
import { exposing, expired, LOCKS_MOST, REASON_NAMES, receiving, type WaiveReason } from './rules.js';
import { available, balance, findByHash, findLock, lockedIn, rootOf, type Channel, type Half, type Lock } from './state.js';

/** Proofs that may be on their way at once in one direction of a channel: a lock is acknowledged by its secret, from the far end of the payment. */
const WINDOW = 24;
/** ms that a lock's acknowledgement waits for its secret, which says the same. */
const ACK_DELAY = 2_000;
const NO_SIGNATURE = new Uint8Array(64);

export const directId = (channel: Channel, payer: 'mine' | 'theirs', nonce: number): string =>
  `${channel.key.slice(0, 16)}-${channel.openBlock}-${payer === 'mine' ? 'out' : 'in'}-${nonce}`;

/** Makes the next proof of ours when the channel has room; without a change only what is due. */
export function propose(core: Core, channel: Channel, change?: Change): void {
  if (change !== undefined && !core.line(channel).waiting.push(change)) return change.refused('channel-busy');
  advance(core, channel, change === undefined);
}

/** There may be room again for what waits. */
export function goOn(core: Core, channel: Channel): void {
  if (core.line(channel).waiting.size > 0) advance(core, channel, false);
}

/** `due`: a proof is made even if nothing waits, for what is due. */
function advance(core: Core, channel: Channel, due: boolean): void {
  const line = core.line(channel);
  if (line.signing || channel.outbox.length >= WINDOW) return;
  const { mine } = channel;
  const unlocked = mine.locks.filter(({ state }) => state === 'owed').slice(0, TRANSFER_UNLOCKED_MAX);
  const removed = mine.locks.filter((lock) => isVoid(core, lock)).slice(0, TRANSFER_REMOVED_MAX);
  const change = nextChange(core, channel, lockedIn({ ...mine, locks: removed }));
  if (channel.phase !== 'open' || channel.behind || (change === undefined && (!due || unlocked.length + removed.length === 0))) return;
  const nonce = mine.nonce + 1;
  const locks = mine.locks.filter((lock) => !unlocked.includes(lock) && !removed.includes(lock));
  if (change?.lock) locks.push({ ...change.lock, nonce, state: 'held', waived: undefined, registered: false, paid: false, earned: 0n });
  const transferred = mine.transferred + (change?.amount ?? 0n) + lockedIn({ ...mine, locks: unlocked });
  const payload = core.encode(messageOf(core, channel, nonce, change, unlocked, removed));
  // The signature is the message's last field.
  const signatureAt = payload.length - NO_SIGNATURE.length;
  const additional = core.additional(payload, signatureAt);
  const digest = core.layouts.balanceProof(channel, { transferred, locksroot: rootOf(core.layouts, locks), nonce }, additional);
  line.signing = true;
  line.foldAt = NEVER;
  core.sign(digest, (signature) => {
    line.signing = false;
    payload.set(signature.subarray(0, 64), signatureAt);
    for (const { waived, ...lock } of removed)
      if (waived)
        channel.penalties.push({ ...waived, lockHash: core.layouts.lockHash(lock), hash: lock.hash, expiryBlock: lock.expiryBlock });
    channel.mine = { nonce, transferred, locks, additional, signature: signature.slice(0, 64) };
    channel.outbox.push({ nonce, payload });
    const also = change?.made?.(nonce);
    // A payment of ours whose lock has expired ends here.
    const lost = removed
      .filter(({ state, from }) => state === 'held' && from === undefined)
      .map((lock) => failure(channel, lock, 'no-secret'));
    core.store([channel, ...(also?.channels ?? [])], [...(also?.facts ?? []), ...lost], () => {
      for (const { id } of lost) core.outcome(id, 'failed', 'no-secret');
      core.emit({ type: 'send', to: channel.peer.node, payload });
      core.expectAnswer(channel);
    });
    goOn(core, channel);
  });
}

/** Waived by the payee, or expired as both see it on the chain. */
const isVoid = ({ view }: Core, lock: Lock): boolean =>
  lock.state === 'waived' || (lock.state !== 'owed' && !lock.registered && expired(lock, view));

/** The next change that the channel can carry out; what it can't is refused. */
function nextChange(core: Core, channel: Channel, freed: bigint): Change | undefined {
  const { waiting } = core.line(channel);
  for (let change = waiting.shift(); change !== undefined; change = waiting.shift()) {
    const wanted = change.amount ?? change.lock!.amount;
    if (channel.phase !== 'open' || channel.behind) change.refused('channel-busy');
    else if (wanted > available(channel) + freed) change.refused('no-balance');
    else if (change.lock && channel.mine.locks.length >= LOCKS_MOST) change.refused('too-many-locks');
    else return change;
  }
  return undefined;
}

function messageOf(core: Core, channel: Channel, nonce: number, change: Change | undefined, unlocked: Lock[], removed: Lock[]): Transfer {
  const lock = change?.lock;
  return {
    kind: 'transfer',
    nonce,
    channel: core.nameOf(channel),
    amount: change?.amount === undefined ? undefined : amountOctets(change.amount),
    lock: lock && {
      value: amountOctets(lock.amount),
      hash: lock.hash,
      expiryBlock: lock.expiryBlock,
      expiryTime: lock.expiryTime,
      fee: amountOctets(lock.fee),
    },
    unlocked: names(unlocked),
    removed: names(removed),
    data: change?.data,
    origin: lock && lock.origin.length > 0 ? lock.origin : undefined,
    route: lock && lock.route.length > 0 ? lock.route : undefined,
    signature: NO_SIGNATURE,
  };
}

const names = (locks: readonly Lock[]): { lockNonce: number }[] | undefined =>
  locks.length === 0 ? undefined : locks.map(({ nonce }) => ({ lockNonce: nonce }));

/** `arrived`: a lock is stored and acknowledged, or will be. */
export function onTransfer(
  core: Core,
  from: Uint8Array,
  message: Transfer,
  payload: Uint8Array,
  arrived: (channel: Channel, lock: Lock) => void,
): void {
  const channel = core.named(from, message.channel);
  if (channel === undefined) return core.refuse(from, 'no-channel');
  const line = core.line(channel);
  if (line.verifying) return void line.inbox.push(payload.slice());
  const { nonce } = message;
  if (nonce <= channel.theirs.nonce) return nonce <= line.stored ? acknowledge(core, channel) : undefined;
  const next = nonce === channel.theirs.nonce + 1 ? judge(core, channel, message) : 'nonce-gap';
  if (typeof next === 'string') return refuseTransfer(core, channel, nonce, next);
  const { half, unlocked } = next;
  half.additional = core.additional(payload, message.signature.byteOffset - payload.byteOffset);
  half.signature = message.signature.slice();
  const digest = core.layouts.balanceProof(channel, { ...half, locksroot: rootOf(core.layouts, half.locks) }, half.additional);
  line.verifying = true;
  core.verify(digest, half.signature, channel.peer.key, (valid) => {
    line.verifying = false;
    if (!valid) core.refuse(from, 'bad-signature');
    else take(core, channel, message, half, unlocked, arrived);
    const later = line.inbox.shift();
    const again = later && decodeTransfer(later, 0, later.length);
    if (again !== undefined && typeof again !== 'number') onTransfer(core, from, again, later!, arrived);
  });
}

interface Judged {
  readonly half: Half;
  readonly unlocked: readonly Lock[];
}

/** The half as the message makes it, or why it must not be so. */
function judge(core: Core, channel: Channel, message: Transfer): Judged | string {
  const { theirs, phase } = channel;
  if (phase !== 'open' || channel.behind) return 'channel-busy';
  const { amount, lock } = message;
  const paid = amount === undefined ? 0n : amountOf(amount);
  if ((amount !== undefined && (paid === 0n || amount[0] === 0 || lock !== undefined)) || (message.data && amount === undefined))
    return 'bad-amount';
  const unlocked: Lock[] = [];
  const removed: Lock[] = [];
  for (const { lockNonce } of message.unlocked ?? []) {
    const found = findLock(theirs, lockNonce);
    if (found === undefined || unlocked.includes(found)) return 'no-such-lock';
    unlocked.push(found);
  }
  for (const { lockNonce } of message.removed ?? []) {
    const found = findLock(theirs, lockNonce);
    if (found === undefined || unlocked.includes(found) || removed.includes(found)) return 'no-such-lock';
    if (found.state !== 'waived' && (found.registered || !expired(found, core.view))) return 'lock-not-void';
    removed.push(found);
  }
  if (amount === undefined && lock === undefined && unlocked.length + removed.length === 0) return 'nothing-changes';
  const locks = theirs.locks.filter((each) => !unlocked.includes(each) && !removed.includes(each));
  const transferred = theirs.transferred + paid + lockedIn({ ...theirs, locks: unlocked });
  if (lock !== undefined) {
    const added = lockOf(message);
    if (typeof added === 'string') return added;
    if (core.isZeroSecret(lock.hash)) return 'zero-secret';
    if (findByHash({ ...theirs, locks }, lock.hash) !== undefined) return 'duplicate-secret';
    if (locks.length >= LOCKS_MOST) return 'too-many-locks';
    locks.push(added);
  }
  const half = { nonce: message.nonce, transferred, locks, additional: theirs.additional, signature: theirs.signature };
  if (transferred + lockedIn(half) > channel.peerDeposit + channel.mine.transferred) return 'overdraft';
  if (transferred >= AMOUNT_LIMIT) return 'bad-amount';
  const { view, options } = core;
  if (paid > 0n) {
    const late = receiving(channel, view, options.rules) ?? exposing(channel, core.channels.values(), paid, view, options.rules);
    if (late !== undefined) return late;
  }
  return { half, unlocked };
}

function lockOf({ lock, nonce, origin, route }: Transfer): Lock | string {
  const { value, hash, expiryBlock, expiryTime, fee } = lock!;
  const [amount, left] = [amountOf(value), amountOf(fee)];
  if (amount === 0n || value[0] === 0 || fee[0] === 0 || left >= amount) return 'bad-amount';
  if (route !== undefined && route.length % 8 !== 0) return 'bad-route';
  return {
    nonce,
    amount,
    hash: hash.slice(),
    expiryBlock,
    expiryTime,
    fee: left,
    origin: origin?.slice() ?? new Uint8Array(0),
    route: route?.slice() ?? new Uint8Array(0),
    state: 'held',
    secret: undefined,
    waived: undefined,
    known: false,
    registered: false,
    paid: false,
    from: undefined,
    earned: 0n,
  };
}

function take(
  core: Core,
  channel: Channel,
  message: Transfer,
  half: Half,
  unlocked: readonly Lock[],
  arrived: (channel: Channel, lock: Lock) => void,
): void {
  const line = core.line(channel);
  channel.theirs = half;
  const facts: Fact[] = [];
  const { token, peer } = channel;
  if (message.amount)
    facts.push({
      type: 'received',
      id: directId(channel, 'theirs', half.nonce),
      kind: 'direct',
      token,
      from: peer.node,
      amount: amountOf(message.amount),
      data: message.data?.slice() ?? new Uint8Array(0),
    });
  for (const lock of unlocked) facts.push(settledLock(channel, lock));
  if (message.lock === undefined) return core.store([channel], facts, () => acknowledge(core, channel));
  // Whatever becomes of the lock is stored with it: one write less before it is passed on or answered.
  line.facts.push(...facts);
  line.ackAt = millis(core.now + ACK_DELAY);
  arrived(channel, findLock(half, half.nonce)!);
}

function settledLock({ token, peer }: Channel, lock: Lock): Fact {
  const id = hex(lock.hash);
  if (lock.route.length > 0) return { type: 'forwarded', id, token, amount: lock.amount, fee: lock.earned };
  const from = lock.origin.length > 0 ? lock.origin.slice(0, 8) : peer.node;
  return { type: 'received', id, kind: 'mediated', token, from, amount: lock.amount, data: new Uint8Array(0) };
}

export function acknowledge(core: Core, channel: Channel): void {
  const line = core.line(channel);
  line.ackAt = NEVER;
  core.send(channel.peer.node, { kind: 'transfer-ack', nonce: line.stored, channel: core.nameOf(channel) });
}

/** Not stored, so not acknowledged: the payer sees why, and asks again. */
function refuseTransfer(core: Core, channel: Channel, nonce: number, reason: string): void {
  core.refuse(channel.peer.node, reason);
  const known = REASON_NAMES.indexOf(reason as WaiveReason);
  core.send(channel.peer.node, {
    kind: 'waiver',
    nonce,
    channel: core.nameOf(channel),
    reason: known < 0 ? REASON_NAMES.indexOf('bad-proof') : known,
  });
}

/** Proofs up to `nonce` are stored by the peer: a direct payment has arrived. */
export function onAcknowledged(core: Core, channel: Channel, nonce: number): void {
  const line = core.line(channel);
  const before = channel.outbox.length;
  const facts = arrivedUpTo(channel, nonce);
  if (channel.outbox.length === before) return;
  if (channel.outbox.length === 0 && line.resendAt !== NEVER) line.resendAt = millis(core.now + line.pause);
  // The outbox goes to the store with the next proof: until then a restart would send, and be told, again.
  if (facts.length > 0)
    core.store([], facts, () => {
      for (const { id } of facts) core.outcome(id, 'paid');
    });
  goOn(core, channel);
}

/** Takes what has arrived from the outbox; the direct payments in it are paid. */
export function arrivedUpTo(channel: Channel, nonce: number): Fact[] {
  const facts: Fact[] = [];
  while (channel.outbox.length > 0 && channel.outbox[0]!.nonce <= nonce) {
    const { payload, nonce: arrived } = channel.outbox.shift()!;
    const message = decodeTransfer(payload, 0, payload.length);
    if (typeof message === 'number' || message.amount === undefined) continue;
    const { token, peer } = channel;
    const id = directId(channel, 'mine', arrived);
    facts.push({ type: 'paid', id, kind: 'direct', token, to: peer.node, amount: amountOf(message.amount), fee: 0n });
  }
  return facts;
}

export const kindOf = ({ origin }: Lock): PaymentKind => (origin.length === 0 ? 'swap' : 'mediated');

export const payeeOf = (channel: Channel, { route }: Lock): Uint8Array => (route.length === 0 ? channel.peer.node : route.slice(-8));

/** A payment of ours has ended without success. */
export const failure = (channel: Channel, lock: Lock, reason: WaiveReason): Fact => ({
  type: 'failed',
  id: hex(lock.hash),
  kind: kindOf(lock),
  token: channel.token,
  to: payeeOf(channel, lock),
  amount: lock.amount - lock.fee,
  fee: lock.fee,
  reason,
});

/** What both ends would get if the channel ended now. */
export const balances = (channel: Channel): readonly [bigint, bigint] => {
  const ours = balance(channel);
  return [ours, channel.deposit + channel.peerDeposit - ours];
};
