/** Files in both directions between this end and its peers: a sender and a receiver behind one Machine, above a node's `send` and `message`. */
import { CodedError, Ring, type Machine, type Millis } from '../base/index.js';
import { decodeMessage } from '../wire/index.js';
import type { Address } from './address.js';
import type { FileEffect, FileInput } from './file-inputs.js';
import { FileReceiver } from './file-receiver.js';
import { FileSender, fileSenderDefaults, type FileSenderOptions } from './file-sender.js';

/** Effects of one input at most, beside the blocks in flight: a tick repeats every offer, an answer ends one and reports its progress. */
const EFFECTS_PER_TRANSFER = 4;

export class FileTransfer implements Machine<FileInput, FileEffect> {
  readonly #effects: Ring<FileEffect>;
  readonly #sender: FileSender;
  readonly #receiver: FileReceiver;

  constructor(options: Pick<FileSenderOptions, 'firstToken'> & Partial<FileSenderOptions>) {
    const all = { ...fileSenderDefaults, ...options };
    this.#effects = new Ring(all.transfers * EFFECTS_PER_TRANSFER + all.inFlight);
    const emit = (effect: FileEffect): void => {
      if (!this.#effects.push(effect)) throw new CodedError('effects-not-drained', 'poll a machine until it is drained after every input');
    };
    this.#sender = new FileSender(all, emit);
    this.#receiver = new FileReceiver(all.transfers, emit, (to: Address, payload: Uint8Array) => this.#sender.post(to, payload));
  }

  handle(now: Millis, input: FileInput): void {
    switch (input.type) {
      case 'offer':
        return this.#sender.offer(now, input);
      case 'withdraw':
        return this.#sender.withdraw(input.token);
      case 'message':
        return this.#message(now, input.from, input.payload);
      case 'outcome':
        return this.#sender.outcome(now, input.token, input.outcome === 'delivered');
      case 'block':
        return this.#sender.block(now, input.token, input.block, input.bytes);
      case 'accept':
        return this.#receiver.accept(input.from, input.sha256, input.missing);
      case 'resume':
        return this.#receiver.resume(input, input.missing);
      case 'have':
        return this.#receiver.have(input.from, input.sha256);
      case 'refuse':
        return this.#receiver.refuse(input.from, input.sha256);
      case 'stored':
        return this.#receiver.stored(input.from, input.sha256, input.block);
      case 'verified':
        return this.#receiver.verified(input.from, input.sha256, input.fits);
      case 'tick':
        return this.#sender.tick(now);
    }
  }

  poll(): FileEffect | undefined {
    return this.#effects.shift();
  }

  deadline(): Millis {
    return this.#sender.deadline();
  }

  #message(now: Millis, from: Address, payload: Uint8Array): void {
    const message = decodeMessage(payload, 0, payload.length);
    if (typeof message === 'number') return;
    if (message.kind === 'file-offer') this.#receiver.offer(from, message);
    else if (message.kind === 'file-block') this.#receiver.block(from, message);
    else if (message.kind === 'file-answer') this.#sender.answer(now, from, message);
  }
}
