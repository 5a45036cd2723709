/**
 * One question to the state: an account, and if asked for a slot of its storage.
 *
 *   idle -ask-> account -> (found) storage -> idle
 *               account -> idle, answered
 *               any -> idle, refused
 */
import { CodedError } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import { decodeAccount, decodeSlot, type Account } from './account.js';
import type { LightEffect, ProofFault } from './light-inputs.js';
import { TrieWalk, type WalkState } from './trie-walk.js';

type Stage = { readonly at: 'idle' } | { readonly at: 'account' } | { readonly at: 'storage'; readonly account: Account };

export class Question {
  readonly #kernels: Kernels;
  readonly #walk: TrieWalk;
  readonly #emit: (effect: LightEffect) => void;
  readonly #key = new Uint8Array(32);
  readonly #slotKey = new Uint8Array(32);
  #wantsSlot = false;
  #number = 0;
  #stage: Stage = { at: 'idle' };

  constructor(kernels: Kernels, emit: (effect: LightEffect) => void) {
    this.#kernels = kernels;
    this.#walk = new TrieWalk(kernels);
    this.#emit = emit;
  }

  /** any -> account: a new question takes the place of an old one. */
  ask(number: number, root: Uint8Array, address: Uint8Array, slot: Uint8Array | undefined): void {
    if (address.length !== 20 || (slot !== undefined && slot.length !== 32)) {
      throw new CodedError('light-lengths', 'an address has 20 octets and a slot 32');
    }
    this.#kernels.keccak256(this.#key, address);
    if (slot !== undefined) this.#kernels.keccak256(this.#slotKey, slot);
    this.#wantsSlot = slot !== undefined;
    this.#number = number;
    this.#stage = { at: 'account' };
    this.#follow(this.#walk.start(root, this.#key));
  }

  feed(node: Uint8Array): void {
    if (this.#stage.at === 'idle') this.#refuse('no-question');
    else this.#follow(this.#walk.feed(node));
  }

  #follow(state: WalkState): void {
    if (state === 'waiting') return;
    if (state !== 'found' && state !== 'absent') this.#refuse(state);
    else if (this.#stage.at === 'storage') this.#storage(this.#stage.account, state);
    else this.#account(state);
  }

  /** account -> storage, account -> idle */
  #account(state: 'found' | 'absent'): void {
    const account = state === 'found' ? decodeAccount(this.#walk.value) : undefined;
    if (state === 'found' && account === undefined) this.#refuse('malformed');
    else if (account === undefined || !this.#wantsSlot) this.#answer(account, this.#wantsSlot ? new Uint8Array(32) : undefined);
    else {
      this.#stage = { at: 'storage', account };
      this.#follow(this.#walk.start(account.storage, this.#slotKey));
    }
  }

  /** storage -> idle */
  #storage(account: Account, state: 'found' | 'absent'): void {
    const slot = state === 'found' ? decodeSlot(this.#walk.value) : new Uint8Array(32);
    if (slot === undefined) this.#refuse('malformed');
    else this.#answer(account, slot);
  }

  #answer(account: Account | undefined, slot: Uint8Array | undefined): void {
    this.#stage = { at: 'idle' };
    this.#emit({ type: 'answer', number: this.#number, account, ...(slot && { slot }) });
  }

  #refuse(reason: ProofFault): void {
    this.#stage = { at: 'idle' };
    this.#emit({ type: 'refused', what: 'proof', reason });
  }
}
