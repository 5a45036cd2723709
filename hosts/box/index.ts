export type * from './api/types.js';
export * from './daemon.js';
