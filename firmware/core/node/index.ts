export * from './board.js';
export * from './caps.js';
export * from './node.js';
export type * from './node-inputs.js';
export type { Role } from '../wire/index.js';
export type { LinkKind, CounterReading as Counters } from '../link/index.js';
export type { Address, TrafficClass } from '../transport/index.js';
