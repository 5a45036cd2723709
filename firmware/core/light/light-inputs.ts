/** What the light client is made of, told, and tells. */
import type { Kernels } from '../ports/index.js';
import type { Account } from './account.js';
import type { WalkFault } from './trie-walk.js';

export interface LightOptions {
  readonly kernels: Kernels;
  /** Hash of the network's header of number 0, 32 octets: it is in everything that is signed. */
  readonly genesis: Uint8Array;
  /** Hash of a header that the owner trusts, 32 octets. */
  readonly checkpoint: Uint8Array;
  /** What the last `keep` said; then the checkpoint is not asked for again. */
  readonly kept?: Uint8Array;
}

export type LightInput =
  /**
   * An epoch-header (chain.cddl) from wherever. `latest`: the wall clock at its latest (reading plus error) in seconds since 1970, if the node has a
   * trusted one.
   */
  | { readonly type: 'epoch-header'; readonly bytes: Uint8Array; readonly latest?: number }
  /** Answer to a `crypto-job`. */
  | { readonly type: 'crypto-done'; readonly job: number; readonly ok: boolean }
  /** What does the state hold for this address (20 octets), and for this slot (32) of its storage? One question at a time. */
  | { readonly type: 'ask'; readonly address: Uint8Array; readonly slot?: Uint8Array }
  /** The next node of the proof, from the root down; the account's first, then the storage's. */
  | { readonly type: 'proof-node'; readonly bytes: Uint8Array };

/**
 * Why data was refused. not-the-checkpoint: nothing else is believed before that header. replayed: not newer than what is believed. too-early: from a
 * time that has not come. unknown-committee: of an epoch whose committee is not known; ask for the epochs between. forked: it contradicts a committee
 * that is known. no-quorum, bad-seat, forged: its signatures. busy: another header is being checked.
 */
export type HeaderFault =
  | ('undecodable' | 'not-the-checkpoint' | 'replayed' | 'too-early' | 'unknown-committee' | 'forked')
  | ('no-quorum' | 'bad-seat' | 'forged' | 'busy');
/** no-question: nothing was asked, or the proof is over. */
export type ProofFault = WalkFault | 'no-question';

export type LightEffect =
  /** Check a signature (r and s, low S) over a digest. The octets stay as they are until `crypto-done`. */
  | {
      readonly type: 'crypto-job';
      readonly job: number;
      readonly kind: 'verify';
      readonly signature: Uint8Array;
      readonly digest: Uint8Array;
      readonly key: Uint8Array;
    }
  /** A newer final header is believed. */
  | { readonly type: 'advanced'; readonly number: number; readonly time: number }
  /** Store this and give it back at the next start. */
  | { readonly type: 'keep'; readonly bytes: Uint8Array }
  | { readonly type: 'refused'; readonly what: 'epoch-header'; readonly reason: HeaderFault }
  | { readonly type: 'refused'; readonly what: 'proof'; readonly reason: ProofFault }
  /**
   * What the state of header `number` holds: no account is one that was never used. `slot` is there if it was asked for; 32 octets, zero if the account
   * or the slot is not there.
   */
  | { readonly type: 'answer'; readonly number: number; readonly account: Account | undefined; readonly slot?: Uint8Array };
