/** Ports: what a node needs from the world, as types only. One contract suite per port runs against every implementation. */
export type * from './clock.js';
export type * from './random.js';
export type * from './radio.js';
export type * from './serial.js';
export type * from './store.js';
export type * from './signer.js';
export type * from './kernels.js';
export type * from './crypto-jobs.js';
export type * from './health.js';
export type * from './log.js';
