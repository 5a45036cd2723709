/** What fetching and holding content are told and what they ask for; the octets live with the host. */
import type { Address } from '../transport/index.js';
import type { ContentCodec, ContentRefusal, ContentSection } from '../wire/index.js';

export type FetchInput =
  /** Somebody who may hold it. */
  | { readonly type: 'holder'; readonly address: Address }
  /** A whole message from a peer; other kinds than content's are passed by. */
  | { readonly type: 'message'; readonly from: Address; readonly payload: Uint8Array }
  /** The block is written. */
  | { readonly type: 'stored'; readonly section: ContentSection; readonly at: number }
  /** Answer to `check`. `missing`: after the outboard, a bit per piece, 1 is not on disk yet; absent: all of them. */
  | {
      readonly type: 'checked';
      readonly section: ContentSection;
      readonly unit: number;
      readonly fits: boolean;
      readonly octets?: number;
      readonly missing?: Uint8Array;
    }
  | { readonly type: 'tick' };

export type FetchEffect =
  | { readonly type: 'send'; readonly to: Address; readonly payload: Uint8Array }
  /** Write the block at its offset; answer with `stored`. */
  | { readonly type: 'store'; readonly section: ContentSection; readonly at: number; readonly bytes: Uint8Array }
  /** The outboard is whole (unit 0), or a piece of the data is: compare it with its hash and make it durable; answer with `checked`. */
  | { readonly type: 'check'; readonly section: ContentSection; readonly unit: number }
  /** In pieces. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'refused'; readonly holder: Address; readonly why: ContentRefusal }
  /** Sent what does not fit: it is not asked again. */
  | { readonly type: 'penalise'; readonly holder: Address }
  | { readonly type: 'done' };

export type HoldInput =
  | { readonly type: 'message'; readonly from: Address; readonly payload: Uint8Array }
  /** Answer to `asked`. `held`: a bit per piece, 1 is held; absent: all. */
  | {
      readonly type: 'have';
      readonly to: Address;
      readonly digest: Uint8Array;
      readonly octets: number;
      readonly outboardOctets: number;
      readonly held?: Uint8Array;
    }
  | { readonly type: 'no'; readonly to: Address; readonly digest: Uint8Array; readonly why: ContentRefusal }
  /** Answer to `read`: no octets end that request, as beyond the end or no longer allowed. */
  | { readonly type: 'block'; readonly token: number; readonly bytes: Uint8Array }
  /** How one of our sends with a token ended, whichever way. */
  | { readonly type: 'outcome'; readonly token: number }
  | { readonly type: 'tick' };

export type HoldEffect =
  /** `token` 0: its outcome is not waited for. */
  | { readonly type: 'send'; readonly token: number; readonly to: Address; readonly payload: Uint8Array }
  | { readonly type: 'asked'; readonly from: Address; readonly digest: Uint8Array; readonly codec: ContentCodec }
  /** Policy is asked for every block: what is withdrawn meanwhile ends at once. */
  | {
      readonly type: 'read';
      readonly token: number;
      readonly to: Address;
      readonly digest: Uint8Array;
      readonly section: ContentSection;
      readonly at: number;
      readonly octets: number;
    };
