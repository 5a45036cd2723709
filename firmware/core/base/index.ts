export * from './byte-writer.js';
export * from './coded-error.js';
export type * from './machine.js';
export * from './octets.js';
export * from './prng.js';
export * from './reason.js';
export * from './ring.js';
export * from './route-outcome.js';
export * from './units.js';
