import type { RouteEntry } from '../ports/index.js';

/** To be filled by a route table. */
export function emptyEntry(): RouteEntry {
  return {
    id: new Uint8Array(8),
    seqno: 0,
    neighbour: -1,
    metric: 0xffff,
    alternate: -1,
    alternateMetric: 0xffff,
    feasibleSeqno: 0,
    feasibleMetric: 0xffff,
  };
}
