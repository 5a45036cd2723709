/** What a file transfer is told and what it asks for; the octets themselves live with its host. */
import type { Address } from './address.js';

/** A file that a peer offers. */
export interface Offered {
  readonly from: Address;
  /** 32 octets. */
  readonly sha256: Uint8Array;
  readonly octets: number;
  readonly blockOctets: number;
  readonly name: string;
  readonly mediaType: string;
}

export type FileInput =
  /** Ours to send. `sha256`: 32 octets of the whole; `octets`: 1 to 8,192 blocks. */
  | {
      readonly type: 'offer';
      readonly token: number;
      readonly to: Address;
      readonly sha256: Uint8Array;
      readonly octets: number;
      readonly name: string;
      readonly mediaType: string;
    }
  /** No longer ours to send. */
  | { readonly type: 'withdraw'; readonly token: number }
  /** A whole message from a peer, as the node handed it over; other kinds than a file's are passed by. */
  | { readonly type: 'message'; readonly from: Address; readonly payload: Uint8Array }
  /** How one of our sends ended. */
  | { readonly type: 'outcome'; readonly token: number; readonly outcome: 'delivered' | 'unknown' | 'refused' }
  /** The host takes what was offered; `missing` as in file-answer when some blocks are on its disk already. */
  | { readonly type: 'accept'; readonly from: Address; readonly sha256: Uint8Array; readonly missing?: Uint8Array }
  /** After a start: the host has part of this file on disk and wants the rest; the fields are those of `offered`. */
  | ({ readonly type: 'resume'; readonly missing: Uint8Array } & Offered)
  /** The host holds the whole, verified. */
  | { readonly type: 'have'; readonly from: Address; readonly sha256: Uint8Array }
  | { readonly type: 'refuse'; readonly from: Address; readonly sha256: Uint8Array }
  /** The block that `want-block` asked for. */
  | { readonly type: 'block'; readonly token: number; readonly block: number; readonly bytes: Uint8Array }
  /** The block is durable. */
  | { readonly type: 'stored'; readonly from: Address; readonly sha256: Uint8Array; readonly block: number }
  | { readonly type: 'verified'; readonly from: Address; readonly sha256: Uint8Array; readonly fits: boolean }
  | { readonly type: 'tick' };

export type FileEffect =
  | { readonly type: 'send'; readonly token: number; readonly to: Address; readonly payload: Uint8Array }
  /** Read `octets` octets from `at`; answer with `block`. `token` is the offer's. */
  | {
      readonly type: 'want-block';
      readonly token: number;
      readonly sha256: Uint8Array;
      readonly block: number;
      readonly at: number;
      readonly octets: number;
    }
  /** Answer with `accept`, `have` or `refuse`. */
  | ({ readonly type: 'offered' } & Offered)
  /** Make the block durable at offset `at`; answer with `stored`. */
  | {
      readonly type: 'store-block';
      readonly from: Address;
      readonly sha256: Uint8Array;
      readonly block: number;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  /** Every block is stored: compare the whole with its hash; answer with `verified`. */
  | { readonly type: 'verify'; readonly from: Address; readonly sha256: Uint8Array }
  /** In blocks. */
  | {
      readonly type: 'progress';
      readonly direction: 'in' | 'out';
      readonly peer: Address;
      readonly sha256: Uint8Array;
      readonly done: number;
      readonly total: number;
    }
  /** `token`: the offer's, for files that we send. `corrupt`: the sender's octets do not fit its hash. */
  | {
      readonly type: 'done';
      readonly direction: 'in' | 'out';
      readonly peer: Address;
      readonly sha256: Uint8Array;
      readonly token?: number;
      readonly outcome: 'complete' | 'refused' | 'corrupt';
    };

export type EmitFileEffect = (effect: FileEffect) => void;
