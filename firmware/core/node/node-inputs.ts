/** What a node is made of, told, and tells: its face to every host. */
import type { Millis } from '../base/index.js';
import type { LinkKind } from '../link/index.js';
import type { MeshTimers } from '../mesh/index.js';
import type { CryptoJob, HealthReading, InlineCrypto, Kernels } from '../ports/index.js';
import type { Address, TrafficClass } from '../transport/index.js';
import type { Role } from '../wire/index.js';
import type { NodeCaps } from './caps.js';

export interface NodeOptions {
  /** 33 octets, compressed; the node's id is the first 8 octets of its sha256. */
  readonly publicKey: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  /** The links it has and the largest frame of each. */
  readonly mtu: Readonly<Partial<Record<LinkKind, number>>>;
  /** Station addresses, 6 octets; by default 02 and the first 5 octets of the id, zeros on serial. */
  readonly mac?: Readonly<Partial<Record<LinkKind, Uint8Array>>>;
  /** 16 random octets: jitter, flow tags, message numbers. The same seed and inputs give the same effects. */
  readonly seed: Uint8Array;
  readonly caps?: Partial<NodeCaps>;
  /** False: nobody wants `route` effects, which cost a board a quarter of a turn that brings news. */
  readonly tellsRoutes?: boolean;
  readonly timers?: Partial<MeshTimers>;
  /** Answers `want-random` and `crypto-job` within the turn; without it they are effects. */
  readonly inline?: InlineCrypto;
}

export type NodeInput =
  /** from, to: 6 octets; zeros on serial. rssi in dBm. */
  | {
      readonly type: 'frame';
      readonly link: LinkKind;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly rssi: number;
      readonly bytes: Uint8Array;
    }
  /** Answers every `transmit`; one is in flight per link. */
  | { readonly type: 'sent'; readonly link: LinkKind; readonly ok: boolean }
  /** Serial paired or lost; air and ble count as up from the start. */
  | { readonly type: 'link'; readonly link: LinkKind; readonly up: boolean }
  | { readonly type: 'tick' }
  /** `payload` is kept until the outcome: do not write to it. */
  | { readonly type: 'send'; readonly token: number; readonly to: Address; readonly class: TrafficClass; readonly payload: Uint8Array }
  | { readonly type: 'ping'; readonly token: number; readonly to: Address }
  /** Answers `want-random`: octets that the node keeps and nobody else has. */
  | { readonly type: 'random'; readonly bytes: Uint8Array }
  /** Answers `crypto-job`. */
  | { readonly type: 'crypto-done'; readonly answer: Uint8Array | undefined }
  /** Answers `want-health`. A reading without pools (chunkSize 0) is reported without them. */
  | { readonly type: 'health'; readonly reading: HealthReading };

export type NodeEffect =
  /** to: 6 octets, all 0xff for everyone in range. */
  | { readonly type: 'transmit'; readonly link: LinkKind; readonly to: Uint8Array; readonly bytes: Uint8Array }
  /** Handed over once. */
  | { readonly type: 'message'; readonly from: Address; readonly class: TrafficClass; readonly payload: Uint8Array }
  /** Segments acknowledged. */
  | { readonly type: 'progress'; readonly token: number; readonly done: number; readonly total: number }
  /** `unknown`: no answer in time; it may have arrived. Also how a ping without answer ends. */
  | { readonly type: 'outcome'; readonly token: number; readonly outcome: 'delivered' | 'unknown' | 'refused'; readonly reason?: string }
  | { readonly type: 'pong'; readonly token: number; readonly hops: number; readonly elapsed: Millis }
  | ({ readonly type: 'neighbour' } & NeighbourInfo)
  /** The selected route to a node changed; nextHop is undefined and metric 0xffff when there is none. */
  | { readonly type: 'route'; readonly id: Uint8Array; readonly nextHop: Uint8Array | undefined; readonly metric: number }
  | { readonly type: 'want-health' }
  /** One is asked for at a time. */
  | { readonly type: 'want-random'; readonly octets: number }
  | { readonly type: 'crypto-job'; readonly job: CryptoJob };

export interface NeighbourInfo {
  /** 8 octets. */
  readonly id: Uint8Array;
  readonly link: LinkKind;
  readonly role: Role;
  /** Whether the link may be used. */
  readonly up: boolean;
  /** Cost of the link, 0xffff if it may not be used. */
  readonly metric: number;
  /** dBm. */
  readonly rssi: number;
}
