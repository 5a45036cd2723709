/** Payment channels as a service of the box. */
export type { ChannelInfo, Overview } from './api.js';
export type { Result } from './engine.js';
export type { Income, Payment } from './ledger.js';
export { startChannels } from './service.js';
