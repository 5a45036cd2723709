export * from './address.js';
export type * from './file-inputs.js';
export * from './file-transfer.js';
export * from './messages.js';
export type * from './messages-inputs.js';
export type { TrafficClass } from './outgoing.js';
