/**
 * The one shape of every protocol. A machine performs no IO: it is fed inputs and asked for effects, and time reaches it only as `now`.
 *
 *   handle(now, input)   feed one input: bytes, command, answer of a port, tick
 *   poll()               next effect, or undefined when drained; drain after every handle
 *   deadline()           when to send the next tick; early or repeated ticks are harmless
 *
 * Bytes from outside never throw: they are dropped with a counted reason. Our own misuse throws a CodedError.
 */
import type { Millis } from './units.js';

export interface Machine<Input, Effect> {
  handle(now: Millis, input: Input): void;
  poll(): Effect | undefined;
  deadline(): Millis;
}
