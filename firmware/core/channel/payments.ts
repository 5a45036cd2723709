/**
 * Payments over locks: who pays, who passes on, who is paid. Source: hash time locks as the TokensNetwork contract settles them.
 *
 *   payer:     pending -> paid (the secret came) | next route (waived) | failed
 *   between:   held -> forwarded -> revealed | waived (only after the way on was waived: never while it could still cost)
 *   payee:     held -> revealed | asked -> revealed | waived
 *
 * Payer and payee derive the secret from their keys and 8 random octets, so it takes no message to the payee; who knows no key of the payer, or is to
 * wait (a held payment), asks.
 */
import { concat, hex, NEVER, sameOctets } from '../base/index.js';
import type { Attempt, Core } from './core.js';
import type { Fact, PayCommand, SwapCommand } from './inputs.js';
import { arrivedUpTo, directId, failure, goOn, kindOf, payeeOf, propose } from './proofs.js';
import {
  effective,
  exposing,
  expired,
  heightAt,
  MEDIATORS_MOST,
  REASON_NAMES,
  stepOf,
  timing,
  windowEnd,
  type WaiveReason,
} from './rules.js';
import { SEED } from './layouts.js';
import { available, routeOf, sameAddress, type Channel, type Lock } from './state.js';

const NOTHING = new Uint8Array(0);
/** "meshbox payment" */
const INFO = new Uint8Array([109, 101, 115, 104, 98, 111, 120, 32, 112, 97, 121, 109, 101, 110, 116]);

/** An open channel to a node with room for the amount, or the best there is. */
function channelTo(core: Core, node: Uint8Array, currency: Uint8Array, amount: bigint): Channel | undefined {
  const all = core.with(node).filter(({ token, phase }) => phase === 'open' && sameAddress(token, currency));
  return all.find((channel) => available(channel) >= amount) ?? all[0];
}

export function onPay(core: Core, command: PayCommand): void {
  const refused = (reason: string): void => core.emit({ type: 'outcome', token: command.token, outcome: 'refused', id: '', reason });
  const [first] = command.routes;
  if (command.amount <= 0n) return refused('bad-amount');
  if (first === undefined || first.length === 0) return refused('no-route');
  const locked = command.locked === true || command.held === true || command.secret !== undefined;
  if (first.length > 1 || locked) return startAttempt(core, command, refused);
  const channel = channelTo(core, first[0]!, command.currency, command.amount);
  if (channel === undefined) return refused('no-route');
  const { token, peer } = channel;
  propose(core, channel, {
    amount: command.amount,
    ...(command.data && command.data.length > 0 ? { data: command.data } : {}),
    refused,
    made(nonce) {
      const id = directId(channel, 'mine', nonce);
      core.tokens.set(id, command.token);
      core.outcome(id, 'pending');
      return { facts: [{ type: 'pending', id, kind: 'direct', token, to: peer.node, amount: command.amount, fee: 0n }] };
    },
  });
}

function startAttempt(core: Core, command: PayCommand, refused: (reason: string) => void): void {
  const origin = concat(core.options.self.node, command.entropy);
  const start = (secret: Uint8Array): void => {
    const hash = core.layouts.secretHash(core.layouts.wholeSecret(secret));
    if (core.isZeroSecret(hash)) return refused('zero-secret');
    if (core.given(hash) !== undefined || core.attempts.has(hex(hash))) return refused('duplicate-secret');
    const attempt = { command, origin, secret, hash, route: 0, allowed: command.held !== true, cancelled: false };
    core.attempts.set(hex(hash), attempt);
    core.tokens.set(hex(hash), command.token);
    tryRoute(core, attempt, 'no-route');
  };
  if (command.secret !== undefined) return start(command.secret);
  if (command.payeeKey === undefined || command.held === true) return start(derive(core, command.entropy, origin));
  core.ecdh(command.payeeKey, (shared) => (shared === undefined ? refused('bad-key') : start(derive(core, shared, origin))));
}

function derive(core: Core, shared: Uint8Array, origin: Uint8Array): Uint8Array {
  const secret = new Uint8Array(SEED);
  core.options.kernels.hkdfSha256(secret, shared, origin, INFO);
  return secret;
}

/** The next route that can be begun; none: the payment has failed. */
function tryRoute(core: Core, attempt: Attempt, reason: string): void {
  const { command, hash } = attempt;
  const id = hex(hash);
  const fact = (type: 'pending' | 'failed', why?: string): Fact => ({
    type,
    id,
    kind: 'mediated',
    token: command.currency,
    to: command.routes[0]!.at(-1)!,
    amount: command.amount,
    fee: command.fee,
    ...(why === undefined ? {} : { reason: why }),
  });
  const fail = (why: string): void => {
    core.attempts.delete(id);
    core.store([], [fact('failed', why)], () => core.outcome(id, 'failed', why));
  };
  const route = attempt.cancelled ? undefined : command.routes[attempt.route];
  attempt.route += 1;
  if (route === undefined) return fail(attempt.cancelled ? 'cancelled' : reason);
  const fee = route.length > 1 ? command.fee : 0n;
  const amount = command.amount + fee;
  const channel = channelTo(core, route[0]!, command.currency, amount);
  const expiry = channel && expiryFor(core, channel, route.length - 1);
  if (typeof expiry !== 'object') return tryRoute(core, attempt, expiry ?? 'no-route');
  propose(core, channel!, {
    lock: {
      amount,
      hash,
      ...expiry,
      fee,
      origin: attempt.origin,
      route: routeOf(route.slice(1)),
      secret: attempt.secret,
      known: attempt.allowed,
      from: undefined,
    },
    refused: (why) => tryRoute(core, attempt, why),
    made() {
      core.outcome(id, 'pending');
      return { facts: [fact('pending')] };
    },
  });
}

/** Both expiries of our own lock with so many steps behind it, or why there can be none. */
function expiryFor(core: Core, channel: Channel, steps: number): { expiryBlock: number; expiryTime: number } | WaiveReason {
  const { view } = core;
  const { rules } = core.options;
  if (view.wall === undefined) return 'no-clock';
  if (steps > MEDIATORS_MOST) return 'too-long';
  const expiryTime = view.wall + rules.clockError + rules.lastHop + steps * stepOf(rules);
  if (expiryTime > windowEnd(channel, view, rules)) return effective(view, rules) ? 'too-long' : 'window-closed';
  return { expiryTime, expiryBlock: heightAt(view, expiryTime, rules) + rules.revealTimeout };
}

export function onSwap(core: Core, command: SwapCommand): void {
  const id = hex(command.hash);
  const refused = (reason: string): void => core.emit({ type: 'outcome', token: command.token, outcome: 'refused', id, reason });
  core.swaps.set(id, command);
  core.tokens.set(id, command.token);
  if (command.role === 'taker') return core.outcome(id, 'pending');
  const { send } = command;
  if (command.secret === undefined || !sameOctets(core.layouts.secretHash(command.secret), 0, command.hash, 0, 32))
    return refused('bad-secret');
  const fee = send.route.length > 1 ? command.fee : 0n;
  const channel = channelTo(core, send.route[0]!, send.currency, send.amount + fee);
  if (channel === undefined) return refused('no-route');
  // There and back again: the taker's lock runs out before ours.
  const expiry = expiryFor(core, channel, 2 * send.route.length - 1);
  if (typeof expiry !== 'object') return refused(expiry);
  propose(core, channel, {
    lock: {
      amount: send.amount + fee,
      hash: command.hash,
      ...expiry,
      fee,
      origin: NOTHING,
      route: routeOf(send.route.slice(1)),
      secret: command.secret,
      known: false,
      from: undefined,
    },
    refused,
    made() {
      core.outcome(id, 'pending');
      return { facts: [{ type: 'pending', id, kind: 'swap', token: send.currency, to: send.route.at(-1)!, amount: send.amount, fee }] };
    },
  });
}

/** A lock is ours: its payee answers, anybody else passes it on. Also for every lock that a restart finds unfinished. */
export function onLock(core: Core, channel: Channel, lock: Lock): void {
  const { rules } = core.options;
  const last = lock.route.length === 0;
  const swap = last ? core.swaps.get(hex(lock.hash)) : undefined;
  const reason =
    timing(lock, channel, last && swap?.role !== 'taker', core.view, rules) ??
    exposing(channel, core.channels.values(), 0n, core.view, rules);
  if (reason !== undefined) return waive(core, channel, lock, reason);
  if (swap !== undefined) return onSwapped(core, channel, lock, swap);
  if (!last) return passOn(core, channel, lock);
  const key = lock.origin.length === 0 ? undefined : core.options.keyOf(lock.origin.subarray(0, 8));
  if (lock.origin.length === 0) return waive(core, channel, lock, 'unwanted');
  if (key === undefined) return ask(core, channel, lock);
  core.ecdh(key, (shared) => {
    const secret = shared && derive(core, shared, lock.origin);
    if (secret && sameOctets(core.layouts.secretHash(core.layouts.wholeSecret(secret)), 0, lock.hash, 0, 32))
      reveal(core, channel, lock, secret);
    else ask(core, channel, lock);
  });
}

function ask(core: Core, channel: Channel, lock: Lock): void {
  lock.state = 'asked';
  core.store([channel], [], () => core.send(lock.origin.subarray(0, 8), { kind: 'secret-request', secretHash: lock.hash }));
  core.expectAnswer(channel);
}

function onSwapped(core: Core, channel: Channel, lock: Lock, swap: SwapCommand): void {
  if (!sameAddress(channel.token, swap.receive.currency) || lock.amount < swap.receive.amount)
    return waive(core, channel, lock, 'unwanted');
  if (swap.role === 'maker') return reveal(core, channel, lock, swap.secret!);
  const { send } = swap;
  const fee = send.route.length > 1 ? swap.fee : 0n;
  forward(core, { channel, lock }, send.route[0]!, send.currency, send.amount + fee, fee, routeOf(send.route.slice(1)));
}

function passOn(core: Core, channel: Channel, lock: Lock): void {
  const next = lock.route.subarray(0, 8);
  const fee = core.options.feeOf(channel, lock.amount);
  if (!core.options.rules.mediates) return waive(core, channel, lock, 'not-mediating');
  if (core.given(lock.hash) !== undefined) return waive(core, channel, lock, 'no-route');
  if (fee > lock.fee) return waive(core, channel, lock, 'fee-too-low');
  lock.earned = fee;
  forward(core, { channel, lock }, next, channel.token, lock.amount - fee, lock.fee - fee, lock.route.slice(8));
}

function forward(
  core: Core,
  from: { readonly channel: Channel; readonly lock: Lock },
  next: Uint8Array,
  currency: Uint8Array,
  amount: bigint,
  fee: bigint,
  route: Uint8Array,
): void {
  const { channel, lock } = from;
  const out = channelTo(core, next, currency, amount);
  if (out === undefined) return waive(core, channel, lock, 'no-route');
  lock.state = 'forwarded';
  propose(core, out, {
    lock: {
      amount,
      hash: lock.hash,
      expiryBlock: lock.expiryBlock,
      expiryTime: lock.expiryTime - stepOf(core.options.rules),
      fee,
      origin: lock.origin,
      route,
      secret: undefined,
      known: false,
      from: { channel: channel.key, nonce: lock.nonce },
    },
    refused: (reason) => waive(core, channel, lock, reason === 'no-balance' ? 'no-balance' : 'channel-busy'),
    made: () => ({ channels: [channel] }),
  });
}

/** held, forwarded, asked -> revealed */
export function reveal(core: Core, channel: Channel, lock: Lock, secret: Uint8Array): void {
  lock.secret = secret;
  lock.state = 'revealed';
  core.store([channel], [], () => tell(core, channel, lock));
}

/** The secret goes to who gave us the lock; the same message says that the lock is stored. */
export function tell(core: Core, channel: Channel, lock: Lock): void {
  const line = core.line(channel);
  if (lock.nonce >= line.stored) line.ackAt = NEVER;
  core.send(channel.peer.node, { kind: 'reveal', secret: lock.secret! });
  core.expectAnswer(channel);
}

/** held, forwarded, asked -> waived: given up for ever, by signature. */
export function waive(core: Core, channel: Channel, lock: Lock, reason: WaiveReason): void {
  if (lock.state === 'revealed' || lock.state === 'waived') return;
  lock.state = 'waived';
  const payload = core.encode({
    kind: 'waiver',
    nonce: lock.nonce,
    channel: core.nameOf(channel),
    reason: REASON_NAMES.indexOf(reason),
    disposed: new Uint8Array(64),
  });
  const additional = core.additional(payload, payload.length - 64);
  core.sign(core.layouts.disposedProof(channel, core.layouts.lockHash(lock), additional), (signature) => {
    payload.set(signature.subarray(0, 64), payload.length - 64);
    lock.waived = { reason: REASON_NAMES.indexOf(reason), additional, signature: signature.slice(0, 64) };
    core.store([channel], [], () => {
      core.emit({ type: 'send', to: channel.peer.node, payload });
      core.expectAnswer(channel);
    });
  });
}

/** A payee has given up a lock of ours. */
export function onWaived(core: Core, channel: Channel, lock: Lock, reason: WaiveReason): void {
  const from = core.linked(lock.from);
  const facts = arrivedUpTo(channel, lock.nonce);
  core.store([channel], facts, () => {
    for (const { id } of facts) core.outcome(id, 'paid');
    // The lock goes last: until its end is told elsewhere, a restart finds it.
    if (from !== undefined) waive(core, from.channel, from.lock, reason);
    else if (lock.from === undefined) failed(core, channel, lock, reason);
    propose(core, channel);
  });
}

/** Our own payment did not go this way. */
export function failed(core: Core, channel: Channel, lock: Lock, reason: WaiveReason): void {
  const id = hex(lock.hash);
  const attempt = core.attempts.get(id);
  if (attempt !== undefined) return tryRoute(core, attempt, reason);
  core.swaps.delete(id);
  core.store([], [failure(channel, lock, reason)], () => core.outcome(id, 'failed', reason));
}

/** held -> owed, and on to who gave us the lock that pays for it. `from` is undefined if the chain has told. */
export function onSecret(core: Core, secret: Uint8Array, from: Uint8Array | undefined): void {
  if (secret.length !== SEED && secret.length !== 32) return core.refuse(from!, 'malformed');
  const hash = core.layouts.secretHash(core.layouts.wholeSecret(secret));
  for (const channel of core.channels.values()) {
    const given = channel.mine.locks.find((lock) => sameOctets(lock.hash, 0, hash, 0, 32));
    const fromPayee = from === undefined || sameOctets(channel.peer.node, 0, from, 0, 8);
    if (given && fromPayee) onPaid(core, channel, given, secret, from !== undefined);
    const held = channel.theirs.locks.find((lock) => sameOctets(lock.hash, 0, hash, 0, 32));
    if (held === undefined || held.state === 'revealed' || held.state === 'waived' || given) continue;
    const fromPayer = from === undefined || (held.state === 'asked' && sameOctets(held.origin, 0, from, 0, 8));
    if (!fromPayer) continue;
    // Off the chain a late secret is as good as none: the payer may believe the payment dead.
    const late = from === undefined ? undefined : timing(held, channel, true, core.view, core.options.rules);
    if (late === undefined) reveal(core, channel, held, secret);
    else waive(core, channel, held, 'no-secret');
  }
}

function onPaid(core: Core, channel: Channel, lock: Lock, secret: Uint8Array, answer: boolean): void {
  const acknowledge = (): void => {
    if (answer) core.send(channel.peer.node, { kind: 'reveal-ack', nonce: lock.nonce, channel: core.nameOf(channel) });
  };
  if (lock.state === 'owed') return acknowledge();
  if (lock.state === 'waived' || (!lock.registered && expired(lock, core.view))) return core.refuse(channel.peer.node, 'lock-void');
  lock.state = 'owed';
  lock.secret = secret;
  const upstream = core.linked(lock.from);
  // Who reveals a lock's secret has stored the lock.
  const facts: Fact[] = answer ? arrivedUpTo(channel, lock.nonce) : [];
  const id = hex(lock.hash);
  if (upstream !== undefined && upstream.lock.state !== 'revealed') {
    upstream.lock.secret = secret;
    upstream.lock.state = 'revealed';
  } else if (lock.from === undefined) {
    facts.push({
      type: 'paid',
      id,
      kind: kindOf(lock),
      token: channel.token,
      to: payeeOf(channel, lock),
      amount: lock.amount - lock.fee,
      fee: lock.fee,
    });
    core.attempts.delete(id);
  }
  core.store(upstream ? [channel, upstream.channel] : [channel], facts, () => {
    acknowledge();
    for (const fact of facts) core.outcome(fact.id, 'paid');
    if (upstream) tell(core, upstream.channel, upstream.lock);
    core.foldLater(channel);
    goOn(core, channel);
  });
}

/** Who pays answers the payee: with the secret, with a refusal, or not yet. */
export function onRequest(core: Core, from: Uint8Array, hash: Uint8Array): void {
  const given = core.given(hash);
  const attempt = core.attempts.get(hex(hash));
  if (attempt?.cancelled) return core.send(from, { kind: 'secret-request', secretHash: hash, cancelled: 1 });
  if (given === undefined || given.lock.from !== undefined || given.lock.secret === undefined || !given.lock.known) return;
  if (!sameOctets(payeeOf(given.channel, given.lock), 0, from, 0, 8)) return core.refuse(from, 'not-the-payee');
  core.send(from, { kind: 'reveal', secret: given.lock.secret });
}

/** A held payment may be finished now. */
export function onAllow(core: Core, hash: Uint8Array): void {
  const given = core.given(hash);
  const attempt = core.attempts.get(hex(hash));
  if (given === undefined || given.lock.from !== undefined || given.lock.secret === undefined || attempt?.cancelled) return;
  given.lock.known = true;
  if (attempt) attempt.allowed = true;
  core.store([given.channel], [], () => core.send(payeeOf(given.channel, given.lock), { kind: 'reveal', secret: given.lock.secret! }));
}

export function onCancel(core: Core, hash: Uint8Array): void {
  const given = core.given(hash);
  const attempt = core.attempts.get(hex(hash));
  if (given === undefined || attempt === undefined || given.lock.known) return;
  attempt.cancelled = true;
  core.send(payeeOf(given.channel, given.lock), { kind: 'secret-request', secretHash: hash, cancelled: 1 });
}

/** The payer has called off what we have asked for. */
export function onCancelled(core: Core, from: Uint8Array, hash: Uint8Array): void {
  for (const channel of core.channels.values())
    for (const lock of channel.theirs.locks)
      if (lock.state === 'asked' && sameOctets(lock.hash, 0, hash, 0, 32) && sameOctets(lock.origin, 0, from, 0, 8))
        return waive(core, channel, lock, 'cancelled');
}

/** After a start: locks that were not yet answered or passed on when we stopped. */
export function resumeLocks(core: Core): void {
  const passed = new Set<string>();
  for (const channel of core.channels.values())
    for (const { from } of channel.mine.locks) if (from) passed.add(`${from.channel} ${from.nonce}`);
  for (const channel of core.channels.values())
    for (const lock of channel.theirs.locks) {
      if (lock.state === 'forwarded' && passed.has(`${channel.key} ${lock.nonce}`)) continue;
      if (lock.state === 'held' || lock.state === 'forwarded' || lock.state === 'asked') onLock(core, channel, lock);
    }
}

/** Locks of ours whose payee has given them up before we stopped: what waits for them is told. */
export function resumeWaived(core: Core): void {
  for (const channel of core.channels.values())
    for (const lock of channel.mine.locks) {
      if (lock.state !== 'waived') continue;
      const from = core.linked(lock.from);
      const reason = REASON_NAMES[lock.waived?.reason ?? 0]!;
      if (from) waive(core, from.channel, from.lock, reason);
      else if (lock.from === undefined && core.givenAlive(lock.hash) === undefined) failed(core, channel, lock, reason);
    }
}
