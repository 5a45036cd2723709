import type { RouteOutcome } from '../base/index.js';

/**
 * Kernels: cryptography and tables, one contract with three implementations (TypeScript over noble, wasm, C from the same wasm).
 * `out` buffers belong to the caller; nothing is allocated on the hot path. Wrong lengths are our own misuse and throw a CodedError at
 * this border; bad data from outside (a point off the curve, a failed tag) comes back as `false` or a reason.
 */

/** Synchronous on a board: cheap enough for a turn. */
export interface Kernels {
  /** Which implementation this is, for tests that count them. */
  readonly name: 'typescript' | 'wasm' | 'c';
  /** out: 32 octets. */
  keccak256(out: Uint8Array, data: Uint8Array): void;
  /** out: 32 octets. */
  sha256(out: Uint8Array, data: Uint8Array): void;
  /** Streaming hash for data that arrives in pieces; one running hash of each kind at a time. */
  hashStart(kind: HashKind): void;
  hashUpdate(data: Uint8Array): void;
  /** out: 32 octets. */
  hashFinish(out: Uint8Array): void;
  /** out: 32 octets. */
  hmacSha256(out: Uint8Array, key: Uint8Array, data: Uint8Array): void;
  /** RFC 5869; out: 1 to 8,160 octets. */
  hkdfSha256(out: Uint8Array, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): void;
  /** RFC 8439. key 32, nonce 12, out: plain.length + 16 octets. */
  aeadSeal(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): void;
  /** out: sealed.length - 16 octets. False, with `out` zeroed, if the tag is wrong. */
  aeadOpen(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): boolean;
  duplicateFilter(options: DuplicateFilterOptions): DuplicateFilter;
  routeTable(options: RouteTableOptions): RouteTable;
}

export type HashKind = 'keccak256' | 'sha256';

/** Asymmetric work: a job beside the turns (a lower-priority task on a board, inline or in a worker on Node), never inside one. */
export interface CurveKernels {
  readonly name: 'typescript' | 'wasm' | 'c';
  /** out: 33 octets. False if the secret is 0 or not below the group order. */
  publicKey(out: Uint8Array, secret: Uint8Array): boolean;
  /** RFC 6979, low S; out: 65 octets r ‖ s ‖ recovery id (0..3). False for a bad secret. Constant time in the secret. */
  sign(out: Uint8Array, digest: Uint8Array, secret: Uint8Array): boolean;
  /** signature: 64 octets r ‖ s; key: 33 octets. `lowS`: refuse the malleable half (our protocols always set it). */
  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, lowS: boolean): boolean;
  /** signature: 65 octets; out: 33 octets. False if nothing can be recovered. */
  recover(out: Uint8Array, signature: Uint8Array, digest: Uint8Array): boolean;
  /** out: 33 octets, the compressed shared point (hash it as the protocol says). False for a bad key or secret. Constant time in the secret. */
  ecdh(out: Uint8Array, secret: Uint8Array, peer: Uint8Array): boolean;
}

export interface DuplicateFilterOptions {
  /** Entries kept; a power of two. */
  readonly capacity: number;
  /** Seconds an entry counts as seen; at least 1. */
  readonly window: number;
}

/** Fixed-size, time-windowed set of (flow, counter) packet names. */
export interface DuplicateFilter {
  /** Record the packet; true if it was already there within the window. `second` is monotonic and may wrap at 2^16. */
  seen(flow: number, counter: number, second: number): boolean;
}

export interface RouteTableOptions {
  /** Destinations kept; the table takes 32 octets each. */
  readonly capacity: number;
  /** Seconds after which a route that was not refreshed is retracted. */
  readonly hold: number;
}

/**
 * Routes by 8-byte destination id with two next hops each and the feasibility distance of RFC 8966 (section 3.5.1) as data.
 * A next hop is the neighbour's slot (0..254). Metrics: 0xffff is unreachable. Sequence numbers compare modulo 2^16.
 * Only feasible routes are ever selected; the feasibility distance falls when a route is announced (`announced`).
 */
export interface RouteTable {
  readonly capacity: number;
  size(): number;
  /** A neighbour announced `metric` for the destination; `cost` is our cost to that neighbour. Metric 0xffff is a retraction. */
  update(id: Uint8Array, at: number, neighbour: number, seqno: number, metric: number, cost: number, second: number): RouteOutcome;
  /** Selected next hop of the destination, or -1. `except`: a neighbour slot to pass over (it has just failed), or -1. */
  lookup(id: Uint8Array, at: number, except: number): number;
  /** Slot of the destination in 0..capacity-1, or -1; stable until it is evicted. */
  find(id: Uint8Array, at: number): number;
  /** Our cost to a neighbour changed: re-select. Calls `changed` with the slot of each destination whose selected route changed. Cost 0xffff: the neighbour is gone. */
  neighbourCost(neighbour: number, cost: number, changed: (slot: number, outcome: RouteOutcome) => void): void;
  /** Retract what was not refreshed within `hold` seconds. */
  expire(second: number, changed: (slot: number, outcome: RouteOutcome) => void): void;
  /** We announced the slot's selected route: lower the feasibility distance to it. */
  announced(slot: number): void;
  /** Fields of a slot; false if it is empty. */
  read(slot: number, into: RouteEntry): boolean;
}

/** A slot read out; metrics are totals (announced metric plus our cost). */
export interface RouteEntry {
  /** 8 octets, filled in place. */
  readonly id: Uint8Array;
  seqno: number;
  /** Selected neighbour, -1 if unreachable. */
  neighbour: number;
  metric: number;
  /** The second feasible next hop, -1 if none. */
  alternate: number;
  alternateMetric: number;
  feasibleSeqno: number;
  feasibleMetric: number;
}
