/**
 * Text messages, in and out, as durable records.
 *
 *   queued -> delivered | unknown | refused     as the node says; a restart makes what was queued `unknown`, never sent twice
 *   received
 */
import { ByteWriter } from '../../../firmware/core/base/index.js';
import type { Address } from '../../../firmware/core/transport/index.js';
import { encodeMessage, TEXT_MESSAGE_MAX } from '../../../firmware/core/wire/index.js';
import type { Message } from '../api/index.js';
import type { Journal } from '../store/index.js';
import { addressText, parseAddress } from './address-text.js';
import type { Outcome } from './station.js';

export interface TextsOptions {
  readonly journal: Journal<Message>;
  readonly send: (to: Address, payload: Uint8Array) => Promise<Outcome>;
  readonly changed: (message: Message) => void;
  /** A record could not be written. */
  readonly failed: (error: unknown) => void;
}

export class Texts {
  readonly #options: TextsOptions;
  #nextKey: number;

  constructor(options: TextsOptions) {
    this.#options = options;
    const messages = options.journal.values();
    this.#nextKey = messages.reduce((highest, { key }) => Math.max(highest, key), 0) + 1;
    for (const message of messages) if (message.state === 'queued') this.#keep({ ...message, state: 'unknown' });
  }

  /** Newest last. */
  all(): Message[] {
    return this.#options.journal.values();
  }

  /** Durable when it resolves; then it is sent. */
  async send(to: string, text: string): Promise<Message> {
    const address = parseAddress(to);
    const message: Message = { key: this.#nextKey++, direction: 'out', peer: to, text, at: Date.now(), state: 'queued' };
    await this.#options.journal.put(message);
    this.#options.changed(message);
    const w = new ByteWriter(new Uint8Array(TEXT_MESSAGE_MAX));
    encodeMessage(w, { kind: 'text-message', text, wall: message.at });
    void this.#options.send(address, w.written()).then((state) => this.#keep({ ...message, state }));
    return message;
  }

  received(from: Address, text: string): void {
    this.#keep({ key: this.#nextKey++, direction: 'in', peer: addressText(from), text, at: Date.now(), state: 'received' });
  }

  #keep(message: Message): void {
    void this.#options.journal.put(message).then(() => this.#options.changed(message), this.#options.failed);
  }
}

export function isMessage(value: unknown): value is Message {
  const { key, direction, peer, text, at, state } = (value ?? {}) as Partial<Record<keyof Message, unknown>>;
  return (
    typeof key === 'number' &&
    (direction === 'in' || direction === 'out') &&
    typeof peer === 'string' &&
    typeof text === 'string' &&
    typeof at === 'number' &&
    ['queued', 'delivered', 'unknown', 'refused', 'received'].includes(state as string)
  );
}
