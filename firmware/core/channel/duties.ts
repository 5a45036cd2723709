/**
 * What the chain tells, and what it wants of us. A batch is taken in the order that is safe whatever order it came in: secrets, then what happened to
 * channels, then the height; so a lock that was revealed in time never counts as expired. Duties follow from state alone, so a restart finds them again.
 */
import { hex, sameOctets } from '../base/index.js';
import { submitAgreement } from './agreements.js';
import type { Core } from './core.js';
import type { ChainEvent, SignedProof, Transaction } from './inputs.js';
import { compareCounts } from './resume.js';
import { onSecret } from './payments.js';
import { propose } from './proofs.js';
import { effective, expired } from './rules.js';
import { emptyHalf, keyOf, lockedIn, nothingHandedIn, rootOf, sameAddress, type Channel, type HandedIn } from './state.js';

/** Blocks after which a transaction that left no trace is submitted again. */
const AGAIN = 20;
/** punish_block_number of the contract: blocks after the settlement window in which only punishment is possible. */
const PUNISH_BLOCKS = 257;
/** Reveal timeouts after a secret's registration at which a payer that still does not pay is closed on. */
const PATIENCE = 4;

const order = (event: ChainEvent): number => (event.type === 'secret' ? 0 : event.type === 'opened' ? 1 : 2);

export function onChain(core: Core, events: readonly ChainEvent[], height: number, time: number): void {
  const touched = new Set<Channel>();
  for (const event of [...events].sort((a, b) => order(a) - order(b))) {
    const channel = event.type === 'secret' ? undefined : core.channels.get(keyOf(event.id));
    if (event.type === 'secret') onRegistered(core, event.secret, event.block, touched);
    else if (event.type === 'opened') onOpened(core, channel, event);
    else if (channel !== undefined) onEvent(core, channel, event, touched);
    const known = event.type === 'opened' ? core.channels.get(keyOf(event.id)) : channel;
    if (known) touched.add(known);
  }
  core.setHeader(height, time);
  if (core.view.wall === undefined) core.setWall(time);
  if (effective(core.view, core.options.rules)) {
    for (const channel of core.channels.values()) {
      const assured = channel.theirs.transferred + lockedIn(channel.theirs);
      if (channel.assured === assured) continue;
      channel.assured = assured;
      touched.add(channel);
    }
  }
  core.storeView([...touched], () => {
    for (const channel of core.channels.values()) {
      doDuties(core, channel);
      if (channel.mine.locks.some((lock) => expired(lock, core.view))) propose(core, channel);
      channel.penalties = channel.penalties.filter(({ expiryBlock }) => channel.phase === 'closed' || height <= expiryBlock + AGAIN);
    }
  });
  for (const channel of touched) if (channel.phase === 'gone') forget(core, channel);
}

function onRegistered(core: Core, secret: Uint8Array, block: number, touched: Set<Channel>): void {
  const hash = core.layouts.secretHash(secret);
  for (const channel of core.channels.values())
    for (const lock of [...channel.mine.locks, ...channel.theirs.locks])
      if (sameOctets(lock.hash, 0, hash, 0, 32) && block <= lock.expiryBlock) {
        lock.registered = true;
        touched.add(channel);
      }
  onSecret(core, secret, undefined);
}

type Opened = Extract<ChainEvent, { type: 'opened' }>;

function onOpened(core: Core, known: Channel | undefined, event: Opened): void {
  if (known !== undefined) return;
  const { id, token, peer, openBlock, settleTimeout, deposit, peerDeposit } = event;
  core.add({
    key: keyOf(id),
    id,
    token,
    peer,
    openBlock,
    settleTimeout,
    deposit,
    peerDeposit,
    phase: 'open',
    settleBlock: 0,
    mine: emptyHalf(),
    theirs: emptyHalf(),
    outbox: [],
    agreement: undefined,
    penalties: [],
    assured: 0n,
    handedIn: 0,
    known: { mine: nothingHandedIn(), theirs: nothingHandedIn() },
    behind: false,
  });
}

function onEvent(core: Core, channel: Channel, event: Exclude<ChainEvent, Opened | { type: 'secret' }>, touched: Set<Channel>): void {
  const self = core.options.self.address;
  switch (event.type) {
    case 'deposited':
      if (sameAddress(event.participant, self)) channel.deposit = event.deposit;
      else channel.peerDeposit = event.deposit;
      return;
    case 'withdrawn':
      if (event.openBlock <= channel.openBlock) return;
      // A new epoch: every proof of the old one is void.
      Object.assign(channel, { openBlock: event.openBlock, deposit: event.deposit, peerDeposit: event.peerDeposit, phase: 'open' });
      Object.assign(channel, {
        mine: emptyHalf(),
        theirs: emptyHalf(),
        outbox: [],
        penalties: [],
        agreement: undefined,
        assured: 0n,
        behind: false,
      });
      Object.assign(core.line(channel), { stored: 0, compared: true });
      return;
    case 'closed':
      channel.phase = 'closed';
      channel.settleBlock = event.settleBlock;
      return handedIn(core, channel, !sameAddress(event.closer, self), event);
    case 'updated':
      return handedIn(core, channel, sameAddress(event.payer, self), event);
    case 'unlocked': {
      const half = sameAddress(event.payer, self) ? 'mine' : 'theirs';
      channel.known[half] = { transferred: event.transferred, locksroot: channel.known[half].locksroot };
      if (half === 'mine') return punish(core, channel, event.lockHash);
      return onUnlocked(core, channel, event.lockHash);
    }
    case 'punished':
      channel.known[sameAddress(event.beneficiary, self) ? 'mine' : 'theirs'] = nothingHandedIn();
      return;
    case 'settled':
      channel.phase = 'gone';
      touched.add(channel);
  }
}

function handedIn(core: Core, channel: Channel, ours: boolean, { transferred, locksroot }: HandedIn): void {
  channel.known[ours ? 'mine' : 'theirs'] = { transferred, locksroot };
  const { theirs } = channel;
  const newest = transferred === theirs.transferred && sameOctets(locksroot, 0, rootOf(core.layouts, theirs.locks), 0, 32);
  if (!ours && newest) channel.handedIn = theirs.nonce;
}

function onUnlocked(core: Core, channel: Channel, lockHash: Uint8Array): void {
  const lock = channel.theirs.locks.find((each) => sameOctets(core.layouts.lockHash(each), 0, lockHash, 0, 32));
  if (lock !== undefined) lock.paid = true;
}

/** The payee has unlocked what it had waived. */
function punish(core: Core, channel: Channel, lockHash: Uint8Array): void {
  const same = (each: Uint8Array): boolean => sameOctets(each, 0, lockHash, 0, 32);
  const standing = channel.mine.locks.find((lock) => lock.waived && same(core.layouts.lockHash(lock)))?.waived;
  const proof = standing ?? channel.penalties.find((penalty) => same(penalty.lockHash));
  if (proof === undefined) return;
  const { token, peer } = channel;
  const digest = core.layouts.disposedProof(channel, lockHash, proof.additional);
  const { additional, signature } = proof;
  submit(core, channel, `punish ${hex(lockHash)}`, {
    call: 'punish',
    token,
    partner: peer.address,
    lockHash,
    additional,
    signature,
    digest,
    partnerKey: peer.key,
  });
}

/** open, settling, withdrawing -> closing */
export function onClose(core: Core, channel: Channel, force: boolean): string | undefined {
  if (channel.phase === 'closed') return 'already-closed';
  if (channel.behind && !force) return 'peer-knows-more';
  channel.phase = 'closing';
  core.store([channel], [], () => doDuties(core, channel));
  return undefined;
}

/** Everything that the channel wants of the chain now. */
export function doDuties(core: Core, channel: Channel): void {
  const { phase, theirs } = channel;
  const { token, peer } = channel;
  const { height } = core.view;
  if (phase === 'settling' || phase === 'withdrawing') return onceIn(core, channel, 'agreement', () => submitAgreement(core, channel));
  registerSecrets(core, channel);
  if (phase === 'closing') submit(core, channel, 'close', { call: 'close', token, partner: peer.address, ...proofOf(core, channel) });
  if (phase !== 'closed') return;
  if (height > channel.settleBlock + PUNISH_BLOCKS) {
    const { mine: ours, theirs: partners } = channel.known;
    const partner = { partnerTransferred: partners.transferred, partnerLocksroot: partners.locksroot };
    return submit(core, channel, 'settle', { call: 'settle', token, partner: peer.address, ...ours, ...partner });
  }
  if (height > channel.settleBlock) return;
  if (theirs.nonce > channel.handedIn)
    return submit(core, channel, 'update', { call: 'update', token, partner: peer.address, ...proofOf(core, channel) });
  const lock = theirs.locks.find((each) => each.registered && !each.paid && each.state !== 'waived');
  if (lock === undefined) return;
  const hashes = theirs.locks.map((each) => core.layouts.lockHash(each));
  const { expiryBlock, amount, hash } = lock;
  const proof = core.layouts.merkleProof(hashes, theirs.locks.indexOf(lock));
  const { transferred } = channel.known.theirs;
  submit(core, channel, `unlock ${lock.nonce}`, {
    call: 'unlock',
    token,
    partner: peer.address,
    transferred,
    expiryBlock,
    amount,
    hash,
    proof,
  });
}

/** A secret that its payer does not pay for goes to the chain before the lock expires there; and the channel with it if that does not help. */
function registerSecrets(core: Core, channel: Channel): void {
  const { height } = core.view;
  const { revealTimeout } = core.options.rules;
  for (const lock of channel.theirs.locks) {
    if (lock.state !== 'revealed' || height > lock.expiryBlock + PATIENCE * revealTimeout) continue;
    const due = channel.phase === 'closed' || channel.phase === 'closing' || height + revealTimeout >= lock.expiryBlock;
    if (!lock.registered && due && height <= lock.expiryBlock)
      submit(core, channel, `secret ${hex(lock.hash)}`, { call: 'register-secret', secret: core.layouts.wholeSecret(lock.secret!) });
    else if (lock.registered && channel.phase === 'open' && height >= lock.expiryBlock + revealTimeout) onClose(core, channel, false);
  }
}

function proofOf(core: Core, channel: Channel): SignedProof {
  const { theirs, peer } = channel;
  const locksroot = rootOf(core.layouts, theirs.locks);
  const { transferred, nonce, additional, signature } = theirs;
  const digest = core.layouts.balanceProof(channel, { transferred, locksroot, nonce }, additional);
  return { transferred, locksroot, nonce, additional, signature, signer: peer.key, digest };
}

function submit(core: Core, channel: Channel, name: string, transaction: Transaction): void {
  onceIn(core, channel, name, () => core.emit({ type: 'submit', transaction }));
}

function onceIn(core: Core, channel: Channel, name: string, act: () => void): void {
  const { submitted } = core.line(channel);
  const last = submitted.get(name);
  if (last !== undefined && core.view.height < last + AGAIN) return;
  submitted.set(name, core.view.height);
  act();
}

function forget(core: Core, channel: Channel): void {
  core.channels.delete(channel.key);
  core.lines.delete(channel.key);
}

/** After a start, and when the chain is back: counts first, then proofs that are due. */
export function resumeChannel(core: Core, channel: Channel): void {
  compareCounts(core, channel, false);
  propose(core, channel);
}
