import type { Millis } from '../base/index.js';

/** Time as a node knows it. `wall` is absent until someone trusted has told it; no deadline of money uses an untrusted wall clock. */
export interface Clock {
  now(): { readonly mono: Millis; readonly wall?: number; readonly error: Millis };
}
