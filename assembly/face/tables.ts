/**
 * The faces of both native tables (wasm and C): options checked, walks driven, entries filled. What differs between the two is how an id
 * and the table's memory get across: an adapter of a few calls. Rules and semantics: firmware/core/crypto/{duplicate-filter,route-table}.ts.
 */
import { CodedError, type RouteOutcome } from '../../firmware/core/base/index.js';
import type { DuplicateFilterOptions, RouteEntry, RouteTable, RouteTableOptions } from '../../firmware/core/ports/index.js';

/** Octets of a slot of the route table, and of an entry of the filter. */
export const SLOT = 32;
export const ENTRY = 8;

/**
 * The kernel's calls for one route table. They check the id themselves, so that a lookup is one call: each call of a function costs XS over
 * 1,000 instructions. The walks answer 8 x cursor + outcome, -1 at the end.
 */
export interface RawRouteTable {
  find(id: Uint8Array, at: number): number;
  lookup(id: Uint8Array, at: number, except: number): number;
  update(id: Uint8Array, at: number, neighbour: number, seqno: number, metric: number, cost: number, now: number): number;
  neighbourCost(cursor: number, neighbour: number, cost: number, now: number): number;
  expire(cursor: number, hold: number, now: number): number;
  announced(slot: number): void;
  count(): number;
  read(slot: number, into: RouteEntry): boolean;
}

function checkCapacity(code: string, capacity: number, least: number): void {
  if (capacity < least || capacity > 0x8000 || (capacity & (capacity - 1)) !== 0)
    throw new CodedError(code, `${capacity} is not a power of two in ${least}..32768`);
}

function checkSeconds(code: string, seconds: number): void {
  if (seconds < 1 || seconds >= 0x8000) throw new CodedError(code, `${seconds} s is not in 1..32767`);
}

export function checkDuplicateFilter({ capacity, window }: DuplicateFilterOptions): void {
  checkCapacity('duplicate-filter-capacity', capacity, 4);
  checkSeconds('duplicate-filter-window', window);
}

export function checkRouteTable({ capacity, hold }: RouteTableOptions): void {
  checkCapacity('route-table-capacity', capacity, 1);
  checkSeconds('route-table-hold', hold);
}

export function checkId(id: Uint8Array, at: number): void {
  if (at < 0 || at + 8 > id.length) throw new CodedError('route-id', `no 8 octets at ${at} of ${id.length}`);
}

export function createRouteTable(raw: RawRouteTable, { capacity, hold }: RouteTableOptions): RouteTable {
  let now = 0;
  return {
    capacity,
    find: raw.find,
    lookup: raw.lookup,
    size: raw.count,
    announced: raw.announced,
    read: raw.read,
    update(id, at, neighbour, seqno, metric, cost, second) {
      if (neighbour < 0 || neighbour >= 0xff) throw new CodedError('route-neighbour', `${neighbour} is not in 0..254`);
      now = second;
      return raw.update(id, at, neighbour, seqno, metric, cost, second) as RouteOutcome;
    },
    neighbourCost(neighbour, cost, changed) {
      walk((cursor) => raw.neighbourCost(cursor, neighbour, cost, now), changed);
    },
    expire(second, changed) {
      now = second;
      walk((cursor) => raw.expire(cursor, hold, now), changed);
    },
  };
}

function walk(next: (cursor: number) => number, changed: (slot: number, outcome: RouteOutcome) => void): void {
  for (let found = next(0); found >= 0; found = next((found >> 3) + 1)) changed(found >> 5, (found & 7) as RouteOutcome);
}
