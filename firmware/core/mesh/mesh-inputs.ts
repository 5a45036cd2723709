/** What the mesh machine is made of, told, and tells. */
import type { Prng } from '../base/index.js';
import type { Counters, Link, LinkEffect, LinkInput, Submit } from '../link/index.js';
import type { Kernels } from '../ports/index.js';
import type { Role } from '../wire/index.js';

export interface MeshOptions {
  readonly id: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  readonly prng: Prng;
  readonly counters: Counters;
  /** Only looked at: neighbours, room and links. Frames go out as effects. */
  readonly link: Link;
  /** Destinations, a power of two. */
  readonly destinations: number;
  /** Packets remembered against duplicates, a power of two. */
  readonly duplicates: number;
  readonly timers?: Partial<MeshTimers>;
  /** False: nobody wants to hear of changed routes. */
  readonly tellsRoutes?: boolean | undefined;
}

export interface MeshTimers {
  /** Milliseconds of silence after which a node says that it is there. */
  readonly hello: number;
  /** Seconds after which a route is announced again although nothing changed. */
  readonly refresh: number;
}

/**
 * Babel says hello every 4 s and updates every 16 s (RFC 8966 appendix B). Here hellos find failures, and find them sooner for fewer octets; updates
 * are numbered and asked for when one is missing, so a refresh is only the safety net.
 */
export const meshTimers: MeshTimers = { hello: 3_000, refresh: 180 };

/** A node, or a leaf behind one; ids of 8 octets. */
export interface Destination {
  readonly node: Uint8Array;
  readonly leaf?: Uint8Array;
}

export type MeshInput =
  | Exclude<LinkEffect, { type: 'transmit' | 'want-random' | 'crypto-job' }>
  /** A packet of ours. class: EnvelopeClass sos, control, paid or free. `last`: it asks for a receipt. */
  | { readonly type: 'send'; readonly class: number; readonly to: Destination; readonly last: boolean; readonly body: Uint8Array }
  /** A packet for a leaf of ours, whole. */
  | { readonly type: 'hand-over'; readonly leaf: Uint8Array; readonly frame: Uint8Array }
  | { readonly type: 'tick' };

export type MeshEffect =
  | Submit
  | Extract<LinkInput, { type: 'acknowledge' }>
  /** A packet for this node (or a leaf of it): `body` after the envelope, `frame` whole. Hops that it took. Valid until the next input. */
  | { readonly type: 'deliver'; readonly class: number; readonly last: boolean; readonly hops: number; readonly frame: Uint8Array }
  /** A selected route changed; nextHop is a neighbour slot, -1 if unreachable. */
  | { readonly type: 'route'; readonly id: Uint8Array; readonly nextHop: number; readonly metric: number };
