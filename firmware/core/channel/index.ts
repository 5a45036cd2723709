export { Channels } from './channels.js';
export * from './inputs.js';
export * from './layouts.js';
export { amountOctets, amountOf } from './numbers.js';
export { decodeChannel, encodeChannel } from './record.js';
export * from './rules.js';
export {
  available,
  balance,
  exposure,
  lockedIn,
  type Channel,
  type Half,
  type Lock,
  type LockState,
  type Peer,
  type Phase,
} from './state.js';
