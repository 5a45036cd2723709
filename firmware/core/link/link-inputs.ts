/** What the link machine is made of, told, and tells. */
import type { Prng } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import type { Role } from '../wire/index.js';
import type { Rank } from './airtime-budget.js';
import type { Counters } from './counters.js';
import type { CryptoEffect } from './handshakes.js';
import type { LinkKind } from './link-kind.js';
import type { MediaOptions } from './media.js';

export interface LinkOptions {
  /** 8 octets. */
  readonly id: Uint8Array;
  /** 33 octets. */
  readonly publicKey: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  readonly prng: Prng;
  readonly counters: Counters;
  /** The links it has: frame octets and station address (6 octets) of each. */
  readonly media: MediaOptions;
  readonly neighbours: number;
  /** Frames. */
  readonly queue: number;
  /** Handshakes under way at once. */
  readonly handshakes: number;
}

export type LinkInput =
  | {
      readonly type: 'frame';
      readonly link: LinkKind;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly rssi: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'sent'; readonly link: LinkKind; readonly ok: boolean }
  | { readonly type: 'link'; readonly link: LinkKind; readonly up: boolean }
  | { readonly type: 'tick' }
  /** Answers `want-random`: so many random octets, for the link to keep. */
  | { readonly type: 'random'; readonly bytes: Uint8Array }
  /** Answers `crypto-job`. */
  | { readonly type: 'crypto-done'; readonly answer: Uint8Array | undefined }
  | Submit
  /** Answer a frame that we accepted but do not send on at once. */
  | { readonly type: 'acknowledge'; readonly neighbour: number; readonly flow: number; readonly counter: number };

export interface Submit {
  readonly type: 'submit';
  /** Slot of the next hop, or EVERYONE on `link`. */
  readonly neighbour: number;
  readonly link: LinkKind;
  readonly rank: Rank;
  /** Envelope and body. */
  readonly frame: Uint8Array;
  /** Slot of the neighbour that sent it to us, owed an acknowledgement unless this frame goes out at once over the air; -1: nobody. */
  readonly from: number;
  readonly reroutes: number;
}

export type LinkEffect =
  /** One of either is asked for at a time. */
  | CryptoEffect
  | { readonly type: 'transmit'; readonly link: LinkKind; readonly to: Uint8Array; readonly bytes: Uint8Array }
  /** A beacon, a routing frame or a packet for us, from a pinned neighbour. */
  | { readonly type: 'heard'; readonly neighbour: number; readonly bytes: Uint8Array }
  /** A link became usable, dearer, cheaper or unusable (cost COST_INFINITE). `restarted`: whatever it announced before is void. */
  | { readonly type: 'neighbour'; readonly neighbour: number; readonly cost: number; readonly restarted: boolean }
  /** No acknowledgement after all tries, or the neighbour went. `frame` is valid until the next `submit`. */
  | {
      readonly type: 'undelivered';
      readonly neighbour: number;
      readonly frame: Uint8Array;
      readonly rank: Rank;
      readonly reroutes: number;
    };
