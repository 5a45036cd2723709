/**
 * The channel machine of a node: its channels, the payments through them, and its duties on the chain. Pure: keys, disk, chain and air are effects.
 *
 *   pay, swap, settle, withdraw, close, message, chain -> judge -> sign | verify | ecdh -> store -> send, submit, outcome
 *
 * Nothing that commits to a state leaves before `stored` for that state. Every message may come twice, late or never.
 */
import { millis, NEVER, type Machine, type Millis } from '../base/index.js';
import { decodePayment, type Payment, type Waiver } from '../wire/index.js';
import { ask, onAgree, onCooperation } from './agreements.js';
import { Core } from './core.js';
import { onChain, onClose, resumeChannel } from './duties.js';
import type { ChannelsEffect, ChannelsInput, ChannelsOptions } from './inputs.js';
import {
  onAllow,
  onCancel,
  onCancelled,
  onLock,
  onPay,
  onRequest,
  onSecret,
  onSwap,
  onWaived,
  resumeLocks,
  resumeWaived,
  tell,
  waive,
} from './payments.js';
import { acknowledge, onAcknowledged, onTransfer, propose } from './proofs.js';
import { compareCounts, onResume } from './resume.js';
import { exposing, REASON_NAMES, type View } from './rules.js';
import { findLock, type Channel } from './state.js';

export class Channels implements Machine<ChannelsInput, ChannelsEffect> {
  readonly #core: Core;
  #started = false;

  constructor(options: ChannelsOptions) {
    this.#core = new Core(options);
  }

  handle(now: Millis, input: ChannelsInput): void {
    const core = this.#core;
    core.at(now);
    switch (input.type) {
      case 'pay':
        return onPay(core, input);
      case 'swap':
        return onSwap(core, input);
      case 'allow':
        return onAllow(core, input.hash);
      case 'cancel':
        return onCancel(core, input.hash);
      case 'settle':
        return this.#command(input.token, input.channel, (channel) => onAgree(core, channel, undefined));
      case 'withdraw':
        return this.#command(input.token, input.channel, (channel) => onAgree(core, channel, input.amount));
      case 'close':
        return this.#command(input.token, input.channel, (channel) => onClose(core, channel, input.force === true));
      case 'message':
        return this.#onMessage(input.from, input.payload);
      case 'signed':
        return core.answer(input.job, input.signature);
      case 'verified':
        return core.answer(input.job, input.valid);
      case 'shared':
        return core.answer(input.job, input.secret);
      case 'stored':
        return core.answer(input.job, undefined);
      case 'clock':
        return core.setWall(input.wall);
      case 'chain':
        return onChain(core, input.events, input.height, input.time);
      case 'tick':
        return this.#onTick();
    }
  }

  poll(): ChannelsEffect | undefined {
    return this.#core.poll();
  }

  deadline(): Millis {
    if (!this.#started) return this.#core.now;
    let earliest: number = NEVER;
    for (const { resendAt, foldAt, ackAt } of this.#core.lines.values()) earliest = Math.min(earliest, resendAt, foldAt, ackAt);
    return millis(earliest);
  }

  /** For reports and the path finder; not to be changed. */
  channels(): IterableIterator<Channel> {
    return this.#core.channels.values();
  }

  view(): View {
    return this.#core.view;
  }

  channelId(a: Uint8Array, b: Uint8Array, token: Uint8Array): Uint8Array {
    return this.#core.layouts.channelId(a, b, token);
  }

  /** True while counts were not compared with the peer since the start: the peer may know more. */
  compared(channel: Channel): boolean {
    return this.#core.line(channel).compared;
  }

  #command(token: number, key: string, act: (channel: Channel) => string | undefined): void {
    const channel = this.#core.channels.get(key);
    const reason = channel === undefined ? 'no-channel' : act(channel);
    this.#core.emit({
      type: 'outcome',
      token,
      outcome: reason === undefined ? 'pending' : 'refused',
      id: key,
      ...(reason ? { reason } : {}),
    });
  }

  #onMessage(from: Uint8Array, payload: Uint8Array): void {
    const core = this.#core;
    const message = decodePayment(payload, 0, payload.length);
    if (typeof message === 'number') return core.refuse(from, 'malformed');
    switch (message.kind) {
      case 'transfer':
        return onTransfer(core, from, message, payload, (channel, lock) => onLock(core, channel, lock));
      case 'reveal':
        return onSecret(core, message.secret.slice(), from);
      case 'secret-request':
        return message.cancelled ? onCancelled(core, from, message.secretHash) : onRequest(core, from, message.secretHash);
      case 'cooperation':
        return onCooperation(core, from, message);
      case 'resume':
        return onResume(core, from, message);
      default:
        return this.#onAnswer(from, message);
    }
  }

  #onAnswer(
    from: Uint8Array,
    message: Exclude<Payment, { kind: 'transfer' | 'reveal' | 'secret-request' | 'cooperation' | 'resume' }>,
  ): void {
    const core = this.#core;
    const channel = core.named(from, message.channel);
    if (channel === undefined) return core.refuse(from, 'no-channel');
    if (message.kind === 'transfer-ack') return onAcknowledged(core, channel, Math.min(message.nonce, channel.mine.nonce));
    if (message.kind === 'waiver') return this.#onWaiver(channel, message);
    const lock = findLock(channel.theirs, message.nonce);
    if (lock?.state === 'revealed') lock.known = true;
  }

  #onWaiver(channel: Channel, message: Waiver): void {
    const core = this.#core;
    const reason = REASON_NAMES[message.reason] ?? 'unwanted';
    if (message.disposed === undefined) return core.refuse(channel.peer.node, `peer: ${reason}`);
    const lock = findLock(channel.mine, message.nonce);
    if (lock === undefined || lock.state !== 'held') return;
    const signature = message.disposed.slice();
    const payload = core.encode({ ...message, disposed: new Uint8Array(64) });
    const additional = core.layouts.keccak(payload);
    const digest = core.layouts.disposedProof(channel, core.layouts.lockHash(lock), additional);
    core.verify(digest, signature, channel.peer.key, (valid) => {
      if (!valid) return core.refuse(channel.peer.node, 'bad-signature');
      if (lock.state !== 'held') return;
      lock.state = 'waived';
      lock.waived = { reason: message.reason, additional, signature };
      onWaived(core, channel, lock, reason);
    });
  }

  #onTick(): void {
    const core = this.#core;
    if (!this.#started) this.#start();
    for (const [key, line] of core.lines) {
      const channel = core.channels.get(key)!;
      if (line.ackAt <= core.now) acknowledge(core, channel);
      if (line.foldAt <= core.now) {
        line.foldAt = NEVER;
        propose(core, channel);
      }
      if (line.resendAt <= core.now) this.#resend(channel);
    }
  }

  /** After a start, whether fresh or after a kill: the peers are asked, what was unfinished goes on. */
  #start(): void {
    const core = this.#core;
    this.#started = true;
    resumeWaived(core);
    resumeLocks(core);
    for (const channel of core.channels.values()) resumeChannel(core, channel);
  }

  /** Everything of the channel that waits for an answer, once more. */
  #resend(channel: Channel): void {
    const core = this.#core;
    const line = core.line(channel);
    const { outbox, theirs, agreement } = channel;
    let waits = outbox.length > 0;
    for (const { payload } of outbox) core.emit({ type: 'send', to: channel.peer.node, payload });
    for (const lock of theirs.locks) {
      if (lock.state === 'revealed' && !lock.known) tell(core, channel, lock);
      else if (lock.state === 'waived' && lock.waived) sendWaiver(core, channel, lock.nonce, lock.waived);
      else if (lock.state === 'asked') core.send(lock.origin.subarray(0, 8), { kind: 'secret-request', secretHash: lock.hash });
      else continue;
      waits = true;
      if (
        lock.state === 'asked' &&
        exposing(channel, [], 0n, core.view, core.options.rules) === undefined &&
        isLate(core, channel, lock.expiryTime)
      )
        waive(core, channel, lock, 'no-secret');
    }
    if (agreement?.ours && agreement.mine && agreement.theirs === undefined) {
      ask(core, channel);
      waits = true;
    }
    if (!line.compared) {
      compareCounts(core, channel, false);
      waits = true;
    }
    if (waits) core.resentLater(line);
    else line.resendAt = NEVER;
  }
}

const isLate = ({ view, options }: Core, _channel: Channel, expiryTime: number): boolean =>
  view.wall !== undefined && view.wall + options.rules.clockError >= expiryTime;

function sendWaiver(core: Core, channel: Channel, nonce: number, { reason, signature }: { reason: number; signature: Uint8Array }): void {
  core.send(channel.peer.node, { kind: 'waiver', nonce, channel: core.nameOf(channel), reason, disposed: signature });
}
