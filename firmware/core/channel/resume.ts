/**
 * Both ends compare counts after a start. Who sees that the other lacks a proof sends what it is owed: its own proofs again, and to a box that was put
 * back from a backup the box's own last half, which its signature makes good. Until it knows, such a box makes no proof and closes nothing.
 */
import { sameOctets } from '../base/index.js';
import type { Resume } from '../wire/index.js';
import type { Core } from './core.js';
import { amountOctets, amountOf } from './numbers.js';
import { onAcknowledged, propose } from './proofs.js';
import { rootOf, type Channel, type Half, type Lock } from './state.js';

export function compareCounts(core: Core, channel: Channel, answer: boolean): void {
  core.send(channel.peer.node, countsOf(core, channel, answer));
  if (!answer) core.expectAnswer(channel);
}

function countsOf(core: Core, channel: Channel, answer: boolean): Resume {
  return {
    kind: 'resume',
    openBlock: channel.openBlock,
    channel: core.nameOf(channel),
    answer,
    sent: channel.mine.nonce,
    received: core.line(channel).stored,
  };
}

export function onResume(core: Core, from: Uint8Array, message: Resume): void {
  const channel = core.named(from, message.channel);
  if (channel === undefined || message.openBlock !== channel.openBlock) return core.refuse(from, 'no-channel');
  if (message.half) return onHalf(core, channel, message);
  onAcknowledged(core, channel, Math.min(message.received, channel.mine.nonce));
  if (message.received > channel.mine.nonce) fallBehind(core, channel);
  else if (message.received < channel.mine.nonce && channel.outbox[0]?.nonce !== message.received + 1) sendHalf(core, channel, true);
  else for (const { payload } of channel.outbox) core.emit({ type: 'send', to: from, payload });
  if (message.sent < channel.theirs.nonce) sendHalf(core, channel, false);
  if (!message.answer) return compareCounts(core, channel, true);
  core.line(channel).compared = true;
  if (channel.behind && message.received <= channel.mine.nonce && message.sent <= channel.theirs.nonce) catchUp(core, channel);
}

function fallBehind(core: Core, channel: Channel): void {
  if (channel.behind) return;
  channel.behind = true;
  core.store([channel], [], () => undefined);
}

function catchUp(core: Core, channel: Channel): void {
  channel.behind = false;
  core.store([channel], [], () => propose(core, channel));
}

function sendHalf(core: Core, channel: Channel, own: boolean): void {
  const half = own ? channel.mine : channel.theirs;
  core.send(channel.peer.node, {
    ...countsOf(core, channel, true),
    half: {
      own,
      halfNonce: half.nonce,
      transferred: amountOctets(half.transferred),
      additional: half.additional,
      proof: half.signature,
    },
    locks: half.locks.map(({ nonce, amount, hash, expiryBlock, expiryTime }) => ({
      lockNonce: nonce,
      value: amountOctets(amount),
      hash,
      expiryBlock,
      expiryTime,
    })),
  });
}

/** A half that is newer than what we hold, signed by whose it is. */
function onHalf(core: Core, channel: Channel, { half, locks, received, sent }: Resume): void {
  const { own, halfNonce, transferred, additional, proof } = half!;
  const held = own ? channel.theirs : channel.mine;
  const key = own ? channel.peer.key : core.options.self.key;
  if (halfNonce <= held.nonce) return;
  const told: Half = {
    nonce: halfNonce,
    transferred: amountOf(transferred),
    additional: additional.slice(),
    signature: proof.slice(),
    locks: (locks ?? []).map((each) => {
      const known = held.locks.find(({ nonce, hash }) => nonce === each.lockNonce && sameOctets(hash, 0, each.hash, 0, 32));
      return known ?? lockOf(each.lockNonce, amountOf(each.value), each.hash.slice(), each.expiryBlock, each.expiryTime);
    }),
  };
  const digest = core.layouts.balanceProof(channel, { ...told, locksroot: rootOf(core.layouts, told.locks) }, told.additional);
  core.verify(digest, told.signature, key, (valid) => {
    if (!valid) return core.refuse(channel.peer.node, 'bad-signature');
    if (own) channel.theirs = told;
    else {
      channel.mine = told;
      channel.outbox = [];
    }
    channel.behind = received > channel.mine.nonce || sent > channel.theirs.nonce;
    core.store([channel], [], () => {
      propose(core, channel);
    });
  });
}

/** What a half that is told says of a lock; where it leads is not known any more. */
const lockOf = (nonce: number, amount: bigint, hash: Uint8Array, expiryBlock: number, expiryTime: number): Lock => ({
  nonce,
  amount,
  hash,
  expiryBlock,
  expiryTime,
  fee: 0n,
  origin: new Uint8Array(0),
  route: new Uint8Array(0),
  state: 'held',
  secret: undefined,
  waived: undefined,
  known: false,
  registered: false,
  paid: false,
  from: undefined,
  earned: 0n,
});
