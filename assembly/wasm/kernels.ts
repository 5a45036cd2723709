/**
 * Kernels over the wasm modules `kernels` and `tables`, for Node and the browser. Who loads them hands in the exports of an instance of each
 * (wasm/node.ts on Node, instantiateStreaming in a browser). Data streams through the module's INPUT a chunk at a time; tables lie side by
 * side in the memory of `tables`, which grows by pages and lives as long as this object.
 */
import { CodedError, u32At } from '../../firmware/core/base/index.js';
import type {
  DuplicateFilter,
  DuplicateFilterOptions,
  HashKind,
  Kernels,
  RouteEntry,
  RouteTable,
  RouteTableOptions,
} from '../../firmware/core/ports/index.js';
import { checkDuplicateFilter, checkId, checkRouteTable, createRouteTable, ENTRY, SLOT, type RawRouteTable } from '../face/index.js';
import { expectLength } from './expect-length.js';

/** Exports of an instance of each module. */
export interface WasmExports {
  readonly kernels: unknown;
  readonly tables: unknown;
}

interface Offset {
  readonly value: number;
}

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBufferLike };
  readonly INPUT: Offset;
  readonly CHUNK: Offset;
  readonly OUT: Offset;
  readonly KEY: Offset;
  readonly NONCE: Offset;
  readonly TAG: Offset;
  readonly KECCAK: Offset;
  readonly KECCAK_RUNNING: Offset;
  readonly SHA256: Offset;
  readonly SHA256_RUNNING: Offset;
  readonly HMAC: Offset;
  keccakStart(context: number): void;
  keccakUpdate(context: number, from: number, length: number): void;
  keccakFinish(context: number, out: number): void;
  sha256Start(context: number): void;
  sha256Update(context: number, from: number, length: number): void;
  sha256Finish(context: number, out: number): void;
  hmacKey(context: number, key: number, length: number): void;
  hmacStart(context: number): void;
  hmacUpdate(context: number, from: number, length: number): void;
  hmacFinish(context: number, out: number): void;
  hkdfExtract(): void;
  hkdfStart(): void;
  hkdfFinish(out: number): void;
  aeadStart(): void;
  aeadAad(length: number): void;
  aeadSeal(length: number): void;
  aeadOpen(length: number): void;
  aeadFinish(): void;
  aeadVerify(): number;
}

interface TableExports {
  readonly memory: { readonly buffer: ArrayBufferLike; grow(pages: number): number };
  filterSeen(table: number, buckets: number, window: number, flow: number, counter: number, second: number): number;
  routeFind(table: number, mask: number, high: number, low: number): number;
  routeLookup(table: number, mask: number, high: number, low: number, except: number): number;
  routeUpdate(
    table: number,
    mask: number,
    high: number,
    low: number,
    neighbour: number,
    seqno: number,
    metric: number,
    cost: number,
    now: number,
  ): number;
  routeNeighbourCost(table: number, mask: number, cursor: number, neighbour: number, cost: number, now: number): number;
  routeExpire(table: number, mask: number, cursor: number, hold: number, now: number): number;
  routeAnnounced(table: number, mask: number, slot: number): void;
  routeSize(table: number, mask: number): number;
  routeIsHeld(table: number, mask: number, slot: number): number;
  routeField(table: number, slot: number, field: number): number;
}

const DIGEST = 32;
const KEY = 32;
const NONCE = 12;
const TAG = 16;
/** RFC 2104: a longer key is replaced by its digest. */
const HMAC_BLOCK = 64;
/** RFC 5869, 2.3. */
const HKDF_MOST = 255 * DIGEST;
const PAGE = 65_536;

export function createWasmKernels(exports: WasmExports): Kernels {
  return new WasmKernels(exports.kernels as KernelExports, exports.tables as TableExports);
}

class WasmKernels implements Kernels {
  readonly name = 'wasm';
  readonly #kernels: KernelExports;
  readonly #tables: TableExports;
  readonly #memory: Uint8Array;
  readonly #input: number;
  readonly #chunk: number;
  #running: HashKind | undefined;
  /** Where the next table goes. */
  #tablesEnd = 0;

  constructor(kernels: KernelExports, tables: TableExports) {
    this.#kernels = kernels;
    this.#tables = tables;
    this.#memory = new Uint8Array(kernels.memory.buffer);
    this.#input = kernels.INPUT.value;
    this.#chunk = kernels.CHUNK.value;
  }

  keccak256(out: Uint8Array, data: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    const context = this.#kernels.KECCAK.value;
    this.#kernels.keccakStart(context);
    this.#feed(data, (length) => this.#kernels.keccakUpdate(context, this.#input, length));
    this.#kernels.keccakFinish(context, this.#kernels.OUT.value);
    this.#take(out, 0, this.#kernels.OUT, DIGEST);
  }

  sha256(out: Uint8Array, data: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    const context = this.#kernels.SHA256.value;
    this.#kernels.sha256Start(context);
    this.#feed(data, (length) => this.#kernels.sha256Update(context, this.#input, length));
    this.#kernels.sha256Finish(context, this.#kernels.OUT.value);
    this.#take(out, 0, this.#kernels.OUT, DIGEST);
  }

  hashStart(kind: HashKind): void {
    if (kind === 'sha256') this.#kernels.sha256Start(this.#kernels.SHA256_RUNNING.value);
    else this.#kernels.keccakStart(this.#kernels.KECCAK_RUNNING.value);
    this.#running = kind;
  }

  hashUpdate(data: Uint8Array): void {
    if (this.#started() === 'sha256')
      this.#feed(data, (length) => this.#kernels.sha256Update(this.#kernels.SHA256_RUNNING.value, this.#input, length));
    else this.#feed(data, (length) => this.#kernels.keccakUpdate(this.#kernels.KECCAK_RUNNING.value, this.#input, length));
  }

  hashFinish(out: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    if (this.#started() === 'sha256') this.#kernels.sha256Finish(this.#kernels.SHA256_RUNNING.value, this.#kernels.OUT.value);
    else this.#kernels.keccakFinish(this.#kernels.KECCAK_RUNNING.value, this.#kernels.OUT.value);
    this.#running = undefined;
    this.#take(out, 0, this.#kernels.OUT, DIGEST);
  }

  hmacSha256(out: Uint8Array, key: Uint8Array, data: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    this.#hmacStart(key);
    this.#hmacUpdate(data);
    this.#kernels.hmacFinish(this.#kernels.HMAC.value, this.#kernels.OUT.value);
    this.#take(out, 0, this.#kernels.OUT, DIGEST);
  }

  hkdfSha256(out: Uint8Array, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): void {
    if (out.length < 1 || out.length > HKDF_MOST)
      throw new CodedError('kernel-length', `hkdf gives 1 to ${HKDF_MOST} octets, not ${out.length}`);
    // `info` is read again after the first block of `out` is written.
    const context = info.buffer === out.buffer ? info.slice() : info;
    this.#hmacStart(salt);
    this.#hmacUpdate(ikm);
    this.#kernels.hkdfExtract();
    for (let given = 0; given < out.length; given += DIGEST) {
      this.#kernels.hkdfStart();
      this.#hmacUpdate(context);
      this.#kernels.hkdfFinish(this.#kernels.OUT.value);
      this.#take(out, given, this.#kernels.OUT, Math.min(DIGEST, out.length - given));
    }
  }

  aeadSeal(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): void {
    expectLength('sealed', out, plain.length + TAG);
    this.#aeadStart(key, nonce, aad);
    this.#crypt(out, plain, (length) => this.#kernels.aeadSeal(length));
    this.#kernels.aeadFinish();
    this.#take(out, plain.length, this.#kernels.OUT, TAG);
  }

  aeadOpen(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): boolean {
    if (sealed.length < TAG) throw new CodedError('kernel-length', `sealed text has at least ${TAG} octets, not ${sealed.length}`);
    expectLength('plain', out, sealed.length - TAG);
    this.#aeadStart(key, nonce, aad);
    this.#memory.set(sealed.subarray(out.length), this.#kernels.TAG.value);
    this.#crypt(out, sealed.subarray(0, out.length), (length) => this.#kernels.aeadOpen(length));
    const authentic = this.#kernels.aeadVerify() === 1;
    if (!authentic) out.fill(0);
    return authentic;
  }

  duplicateFilter(options: DuplicateFilterOptions): DuplicateFilter {
    checkDuplicateFilter(options);
    const tables = this.#tables;
    const table = this.#table(options.capacity * ENTRY);
    const buckets = options.capacity / 4;
    return {
      seen: (flow, counter, second) => tables.filterSeen(table, buckets, options.window, flow, counter, second) === 1,
    };
  }

  routeTable(options: RouteTableOptions): RouteTable {
    checkRouteTable(options);
    return createRouteTable(rawRouteTable(this.#tables, this.#table(options.capacity * SLOT), options.capacity), options);
  }

  /** Memory of a table: zeros. */
  #table(octets: number): number {
    const { memory } = this.#tables;
    const table = this.#tablesEnd;
    this.#tablesEnd += octets;
    const missing = this.#tablesEnd - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return table;
  }

  #started(): HashKind {
    if (this.#running === undefined) throw new CodedError('hash-not-started', 'hashStart comes first');
    return this.#running;
  }

  #hmacStart(key: Uint8Array): void {
    const context = this.#kernels.HMAC.value;
    let block = key;
    if (key.length > HMAC_BLOCK) {
      block = new Uint8Array(DIGEST);
      this.sha256(block, key);
    }
    this.#memory.set(block, this.#input);
    this.#kernels.hmacKey(context, this.#input, block.length);
    this.#memory.fill(0, this.#input, this.#input + block.length);
    this.#kernels.hmacStart(context);
  }

  #hmacUpdate(data: Uint8Array): void {
    this.#feed(data, (length) => this.#kernels.hmacUpdate(this.#kernels.HMAC.value, this.#input, length));
  }

  #aeadStart(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): void {
    expectLength('key', key, KEY);
    expectLength('nonce', nonce, NONCE);
    this.#memory.set(key, this.#kernels.KEY.value);
    this.#memory.set(nonce, this.#kernels.NONCE.value);
    this.#kernels.aeadStart();
    this.#feed(aad, (length) => this.#kernels.aeadAad(length));
  }

  /** Text through INPUT into `out`, which may overlap it: it is moved there first, then turned in place. */
  #crypt(out: Uint8Array, text: Uint8Array, turn: (length: number) => void): void {
    out.set(text);
    let done = 0;
    this.#feed(out.subarray(0, text.length), (length) => {
      turn(length);
      out.set(this.#memory.subarray(this.#input, this.#input + length), done);
      done += length;
    });
  }

  #feed(data: Uint8Array, take: (length: number) => void): void {
    if (data.length <= this.#chunk) {
      if (data.length === 0) return;
      this.#memory.set(data, this.#input);
      take(data.length);
      return;
    }
    for (let done = 0; done < data.length; done += this.#chunk) {
      const piece = data.subarray(done, done + this.#chunk);
      this.#memory.set(piece, this.#input);
      take(piece.length);
    }
  }

  #take(out: Uint8Array, at: number, from: Offset, length: number): void {
    out.set(this.#memory.subarray(from.value, from.value + length), at);
  }
}

function rawRouteTable(tables: TableExports, table: number, capacity: number): RawRouteTable {
  const mask = capacity - 1;
  return {
    find(id, at) {
      checkId(id, at);
      return tables.routeFind(table, mask, u32At(id, at), u32At(id, at + 4));
    },
    lookup(id, at, except) {
      checkId(id, at);
      return tables.routeLookup(table, mask, u32At(id, at), u32At(id, at + 4), except);
    },
    update(id, at, neighbour, seqno, metric, cost, now) {
      checkId(id, at);
      return tables.routeUpdate(table, mask, u32At(id, at), u32At(id, at + 4), neighbour, seqno, metric, cost, now);
    },
    neighbourCost: (cursor, neighbour, cost, now) => tables.routeNeighbourCost(table, mask, cursor, neighbour, cost, now),
    expire: (cursor, hold, now) => tables.routeExpire(table, mask, cursor, hold, now),
    announced: (slot) => tables.routeAnnounced(table, mask, slot),
    count: () => tables.routeSize(table, mask),
    read(slot, into) {
      if (tables.routeIsHeld(table, mask, slot) === 0) return false;
      readEntry(into, (field) => tables.routeField(table, slot, field));
      return true;
    },
  };
}

/** The kernel's fields in their order: two words of the id, then those of RouteEntry. */
function readEntry(into: RouteEntry, field: (index: number) => number): void {
  for (let i = 0; i < 8; i += 1) into.id[i] = field(i >> 2) >>> (24 - 8 * (i & 3));
  into.seqno = field(2);
  into.neighbour = field(3);
  into.metric = field(4);
  into.alternate = field(5);
  into.alternateMetric = field(6);
  into.feasibleSeqno = field(7);
  into.feasibleMetric = field(8);
}
