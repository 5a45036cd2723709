/** What the message machine is made of, told, and tells. */
import type { Millis, Prng } from '../base/index.js';
import type { Counters } from '../link/index.js';
import type { Role } from '../wire/index.js';
import type { Address } from './address.js';
import type { TrafficClass } from './outgoing.js';
import type { ReassemblyCaps } from './reassembly.js';

export interface MessagesCaps extends ReassemblyCaps {
  /** Messages of ours not answered yet. */
  readonly outgoing: number;
  readonly pings: number;
  /** Correspondents whose path is remembered. */
  readonly paths: number;
  /** Messages remembered as handed over. */
  readonly delivered: number;
}

/** What the layers below are asked. */
export interface Below {
  /** Our address now; undefined for a leaf that is attached nowhere. */
  self(): Address | undefined;
  /** Largest frame on the way to the node. */
  mtu(to: Address): number;
  hasLeaf(leaf: Uint8Array): boolean;
  /** Whether the queue takes another packet of the class. */
  hasRoom(trafficClass: TrafficClass): boolean;
  reaches(to: Address): boolean;
}

export interface MessagesOptions {
  readonly role: Role;
  readonly prng: Prng;
  readonly counters: Counters;
  readonly below: Below;
  readonly caps: MessagesCaps;
}

export type MessagesInput =
  /** A packet for this node or a leaf of it, whole. */
  | { readonly type: 'deliver'; readonly class: number; readonly last: boolean; readonly hops: number; readonly frame: Uint8Array }
  /** `payload` is kept until the outcome: do not write to it. */
  | { readonly type: 'send'; readonly token: number; readonly to: Address; readonly class: TrafficClass; readonly payload: Uint8Array }
  | { readonly type: 'ping'; readonly token: number; readonly to: Address }
  | { readonly type: 'tick' };

export type MessagesEffect =
  | {
      readonly type: 'packet';
      readonly class: number;
      readonly to: Address;
      readonly last: boolean;
      /** Valid until the next input. */
      readonly body: Uint8Array;
    }
  | { readonly type: 'hand-over'; readonly leaf: Uint8Array; readonly frame: Uint8Array }
  | { readonly type: 'message'; readonly from: Address; readonly class: TrafficClass; readonly payload: Uint8Array }
  /** Segments acknowledged. */
  | { readonly type: 'progress'; readonly token: number; readonly done: number; readonly total: number }
  | { readonly type: 'outcome'; readonly token: number; readonly outcome: 'delivered' | 'unknown' | 'refused'; readonly reason?: string }
  | { readonly type: 'pong'; readonly token: number; readonly hops: number; readonly elapsed: Millis };
