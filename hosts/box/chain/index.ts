/** The chain as a service. What it is made of is loaded when it starts; other services reach it by its JSON-RPC at /rpc. */
export { startChain } from './service.js';
export type * from './types.js';
