/**
 * Kernels and CurveKernels over the C kernels, for JavaScript on XS: typed errors for our own misuse, `false` for bad data from outside.
 * `native` is the object that mb_kernels_install fills (hosts/xs: host.kernels), or on a board one made of `native("xs_mb_…")` functions.
 * Tables lie in octets of the engine's, or in what `memory` gives.
 */
import { CodedError } from '../../firmware/core/base/index.js';
import type {
  CurveKernels,
  DuplicateFilter,
  DuplicateFilterOptions,
  HashKind,
  Kernels,
  RouteEntry,
  RouteTable,
  RouteTableOptions,
} from '../../firmware/core/ports/index.js';
import { checkDuplicateFilter, checkRouteTable, createRouteTable, ENTRY, SLOT, type RawRouteTable } from '../face/index.js';

/** Each answers a reason code of mb_kernels.h; the tables' functions what they found. */
export interface NativeKernels {
  keccak256(out: Uint8Array, data: Uint8Array): number;
  sha256(out: Uint8Array, data: Uint8Array): number;
  hashStart(kind: number): number;
  hashUpdate(data: Uint8Array): number;
  hashFinish(out: Uint8Array): number;
  hmacSha256(out: Uint8Array, key: Uint8Array, data: Uint8Array): number;
  hkdfSha256(out: Uint8Array, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): number;
  aeadSeal(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): number;
  aeadOpen(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): number;
  publicKey(out: Uint8Array, secret: Uint8Array): number;
  sign(out: Uint8Array, digest: Uint8Array, secret: Uint8Array): number;
  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, lowS: boolean): number;
  recover(out: Uint8Array, signature: Uint8Array, digest: Uint8Array): number;
  ecdh(out: Uint8Array, secret: Uint8Array, peer: Uint8Array): number;
  filterSeen(table: Uint8Array, window: number, flow: number, counter: number, second: number): number;
  routeFind(table: Uint8Array, id: Uint8Array, at: number): number;
  routeLookup(table: Uint8Array, id: Uint8Array, at: number, except: number): number;
  routeUpdate(
    table: Uint8Array,
    id: Uint8Array,
    at: number,
    neighbour: number,
    seqno: number,
    metric: number,
    cost: number,
    now: number,
  ): number;
  routeNeighbourCost(table: Uint8Array, cursor: number, neighbour: number, cost: number, now: number): number;
  routeExpire(table: Uint8Array, cursor: number, hold: number, now: number): number;
  routeAnnounced(table: Uint8Array, slot: number): number;
  routeCount(table: Uint8Array): number;
  routeRead(table: Uint8Array, slot: number, id: Uint8Array, fields: Uint8Array): number;
}

export interface NativeOptions {
  /** Zeroed, 4-octet aligned octets for a table; by default the engine's own. */
  readonly memory?: (octets: number) => Uint8Array;
}

const OK = 0;
/** mb_kernels.h; what is above the first is bad data from outside, or a table's answer. */
const LENGTH = -100;
const NOT_STARTED = -101;

export function createNativeKernels(native: NativeKernels, options: NativeOptions = {}): Kernels & CurveKernels {
  return new CKernels(native, options.memory ?? ((octets) => new Uint8Array(octets)));
}

/** Misuse and faults throw; the rest is the caller's to read. */
function answer(code: number): number {
  return code > LENGTH ? code : refuse(code, 'kernel-length');
}

/** length: the code of a wrong length. */
function refuse(code: number, length: string): never {
  if (code === LENGTH) throw new CodedError(length, 'a length that the kernel does not take');
  if (code === NOT_STARTED) throw new CodedError('hash-not-started', 'hashStart comes first');
  throw new CodedError('kernel-trapped', `the kernel left its memory (${code})`);
}

class CKernels implements Kernels, CurveKernels {
  readonly name = 'c';
  readonly #native: NativeKernels;
  readonly #memory: (octets: number) => Uint8Array;

  constructor(native: NativeKernels, memory: (octets: number) => Uint8Array) {
    this.#native = native;
    this.#memory = memory;
  }

  keccak256(out: Uint8Array, data: Uint8Array): void {
    answer(this.#native.keccak256(out, data));
  }

  sha256(out: Uint8Array, data: Uint8Array): void {
    answer(this.#native.sha256(out, data));
  }

  hashStart(kind: HashKind): void {
    answer(this.#native.hashStart(kind === 'sha256' ? 1 : 0));
  }

  hashUpdate(data: Uint8Array): void {
    answer(this.#native.hashUpdate(data));
  }

  hashFinish(out: Uint8Array): void {
    answer(this.#native.hashFinish(out));
  }

  hmacSha256(out: Uint8Array, key: Uint8Array, data: Uint8Array): void {
    answer(this.#native.hmacSha256(out, key, data));
  }

  hkdfSha256(out: Uint8Array, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): void {
    // The kernel reads `info` again after it has written the first block of `out`.
    answer(this.#native.hkdfSha256(out, ikm, salt, info.buffer === out.buffer ? info.slice() : info));
  }

  aeadSeal(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): void {
    answer(this.#native.aeadSeal(out, key, nonce, aad, plain));
  }

  aeadOpen(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): boolean {
    return answer(this.#native.aeadOpen(out, key, nonce, aad, sealed)) === OK;
  }

  publicKey(out: Uint8Array, secret: Uint8Array): boolean {
    return answer(this.#native.publicKey(out, secret)) === OK;
  }

  sign(out: Uint8Array, digest: Uint8Array, secret: Uint8Array): boolean {
    return answer(this.#native.sign(out, digest, secret)) === OK;
  }

  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, lowS: boolean): boolean {
    return answer(this.#native.verify(signature, digest, key, lowS)) === OK;
  }

  recover(out: Uint8Array, signature: Uint8Array, digest: Uint8Array): boolean {
    return answer(this.#native.recover(out, signature, digest)) === OK;
  }

  ecdh(out: Uint8Array, secret: Uint8Array, peer: Uint8Array): boolean {
    return answer(this.#native.ecdh(out, secret, peer)) === OK;
  }

  duplicateFilter(options: DuplicateFilterOptions): DuplicateFilter {
    checkDuplicateFilter(options);
    const { filterSeen } = this.#native;
    const { window } = options;
    const table = this.#memory(options.capacity * ENTRY);
    return {
      seen(flow, counter, second) {
        const seen = filterSeen(table, window, flow, counter, second);
        return seen > LENGTH ? seen === 1 : refuse(seen, 'kernel-length');
      },
    };
  }

  routeTable(options: RouteTableOptions): RouteTable {
    checkRouteTable(options);
    return createRouteTable(rawRouteTable(this.#native, this.#memory(options.capacity * SLOT)), options);
  }
}

function rawRouteTable(native: NativeKernels, table: Uint8Array): RawRouteTable {
  const { routeFind, routeLookup, routeUpdate } = native;
  const fields = new Int32Array(7);
  const fieldOctets = new Uint8Array(fields.buffer);
  return {
    find(id, at) {
      const slot = routeFind(table, id, at);
      return slot > LENGTH ? slot : refuse(slot, 'route-id');
    },
    lookup(id, at, except) {
      const neighbour = routeLookup(table, id, at, except);
      return neighbour > LENGTH ? neighbour : refuse(neighbour, 'route-id');
    },
    update(id, at, neighbour, seqno, metric, cost, now) {
      const outcome = routeUpdate(table, id, at, neighbour, seqno, metric, cost, now);
      return outcome > LENGTH ? outcome : refuse(outcome, 'route-id');
    },
    neighbourCost: (cursor, neighbour, cost, now) => answer(native.routeNeighbourCost(table, cursor, neighbour, cost, now)),
    expire: (cursor, hold, now) => answer(native.routeExpire(table, cursor, hold, now)),
    announced: (slot) => void answer(native.routeAnnounced(table, slot)),
    count: () => answer(native.routeCount(table)),
    read(slot, into) {
      if (answer(native.routeRead(table, slot, into.id, fieldOctets)) !== OK) return false;
      fill(into, fields);
      return true;
    },
  };
}

/** mb_route's words, in its order. */
function fill(into: RouteEntry, fields: Int32Array): void {
  into.seqno = fields[0]!;
  into.neighbour = fields[1]!;
  into.metric = fields[2]!;
  into.alternate = fields[3]!;
  into.alternateMetric = fields[4]!;
  into.feasibleSeqno = fields[5]!;
  into.feasibleMetric = fields[6]!;
}
