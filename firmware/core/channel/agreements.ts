/**
 * What both ends sign to end a channel, or to be paid out of it, at once.
 *
 *   open -> settling | withdrawing    asked for: both have seen every proof of the other, nothing is in flight; from then on no new proofs
 *   the other end checks that it comes to the same balances, signs, answers; who asked brings it to the chain
 *
 * A signature can't be taken back: the channel stays so until the chain says that it is done, or one end closes it.
 */
import { NEVER } from '../base/index.js';
import type { Cooperation } from '../wire/index.js';
import type { Core } from './core.js';
import { amountOctets, amountOf } from './numbers.js';
import { balances } from './proofs.js';
import type { Agreement, Channel } from './state.js';

/** Nothing is on its way in either direction. */
const quiet = (core: Core, { mine, theirs, outbox, phase, behind, key }: Channel): boolean =>
  phase === 'open' && !behind && mine.locks.length + theirs.locks.length + outbox.length === 0 && !core.lines.get(key)!.signing;

/** settle, withdraw: answers why it can't be asked for now. */
export function onAgree(core: Core, channel: Channel, withdraw: bigint | undefined): string | undefined {
  if (channel.phase !== 'open') return 'channel-busy';
  if (!quiet(core, channel)) return 'payments-in-flight';
  if (withdraw !== undefined && (withdraw <= 0n || withdraw > balances(channel)[0])) return 'no-balance';
  begin(channel, { withdraw, ours: true, mine: undefined, theirs: undefined });
  core.sign(digestOf(core, channel), (signature) => {
    channel.agreement!.mine = signature.slice(0, 64);
    core.store([channel], [], () => ask(core, channel));
  });
  return undefined;
}

function begin(channel: Channel, agreement: Agreement): void {
  channel.agreement = agreement;
  channel.phase = agreement.withdraw === undefined ? 'settling' : 'withdrawing';
}

/** Also sent again until the chain has it, or the answer has come. */
export function ask(core: Core, channel: Channel): void {
  core.send(channel.peer.node, messageOf(core, channel, !channel.agreement!.ours));
  core.expectAnswer(channel);
}

function messageOf(core: Core, channel: Channel, answer: boolean): Cooperation {
  const { withdraw, mine } = channel.agreement!;
  return {
    kind: 'cooperation',
    openBlock: channel.openBlock,
    channel: core.nameOf(channel),
    answer,
    withdraw: withdraw === undefined ? undefined : amountOctets(withdraw),
    consent: mine!,
  };
}

function digestOf(core: Core, channel: Channel): Uint8Array {
  const { layouts, options } = core;
  const { withdraw, ours } = channel.agreement!;
  const [mine, theirs] = balances(channel);
  const [self, peer] = [options.self.address, channel.peer.address];
  // Who asks stands first.
  if (withdraw === undefined)
    return ours
      ? layouts.cooperativeSettle(channel, self, mine, peer, theirs)
      : layouts.cooperativeSettle(channel, peer, theirs, self, mine);
  return ours ? layouts.withdraw(channel, self, mine, withdraw) : layouts.withdraw(channel, peer, theirs, withdraw);
}

export function onCooperation(core: Core, from: Uint8Array, message: Cooperation): void {
  const channel = core.named(from, message.channel);
  if (channel === undefined || message.openBlock !== channel.openBlock) return core.refuse(from, 'no-channel');
  return message.answer ? onAnswer(core, channel, message) : onAsked(core, channel, message);
}

function onAsked(core: Core, channel: Channel, message: Cooperation): void {
  const withdraw = message.withdraw && amountOf(message.withdraw);
  const known = channel.agreement;
  if (known !== undefined) {
    if (!known.ours && known.mine && known.withdraw === withdraw) core.send(channel.peer.node, messageOf(core, channel, true));
    return;
  }
  if (!quiet(core, channel) || (withdraw !== undefined && (withdraw === 0n || withdraw > balances(channel)[1])))
    return core.refuse(channel.peer.node, 'payments-in-flight');
  const consent = message.consent.slice();
  begin(channel, { withdraw, ours: false, mine: undefined, theirs: consent });
  const digest = digestOf(core, channel);
  core.verify(digest, consent, channel.peer.key, (valid) => {
    if (!valid) {
      channel.agreement = undefined;
      channel.phase = 'open';
      return core.refuse(channel.peer.node, 'other-balances');
    }
    core.sign(digest, (signature) => {
      channel.agreement!.mine = signature.slice(0, 64);
      core.store([channel], [], () => core.send(channel.peer.node, messageOf(core, channel, true)));
    });
  });
}

function onAnswer(core: Core, channel: Channel, message: Cooperation): void {
  const { agreement } = channel;
  if (agreement === undefined || !agreement.ours || agreement.theirs !== undefined) return;
  const consent = message.consent.slice();
  core.verify(digestOf(core, channel), consent, channel.peer.key, (valid) => {
    if (!valid) return core.refuse(channel.peer.node, 'bad-signature');
    agreement.theirs = consent;
    core.line(channel).resendAt = NEVER;
    core.store([channel], [], () => submitAgreement(core, channel));
  });
}

/** Brings it to the chain: who asked, once both have signed. */
export function submitAgreement(core: Core, channel: Channel): void {
  const { token, peer, agreement } = channel;
  if (!agreement?.ours || agreement.mine === undefined || agreement.theirs === undefined) return;
  const [balance, partnerBalance] = balances(channel);
  const common = { token, partner: peer.address, balance, signature: agreement.mine, partnerSignature: agreement.theirs };
  const digest = digestOf(core, channel);
  core.emit({
    type: 'submit',
    transaction:
      agreement.withdraw === undefined
        ? { call: 'cooperative-settle', ...common, partnerBalance, digest, partnerKey: peer.key }
        : { call: 'withdraw', ...common, amount: agreement.withdraw, digest, partnerKey: peer.key },
  });
}
