import { millis, NEVER } from '../../firmware/core/base/index.js';
import type { Clock } from '../../firmware/core/ports/index.js';

/**
 * Monotonic time since the process made the clock. The operating system's wall time is not passed on: nobody has vouched for it, so there
 * is no `wall` and the error is unbounded.
 */
export function createClock(): Clock {
  const start = process.hrtime.bigint();
  return { now: () => ({ mono: millis(Number((process.hrtime.bigint() - start) / 1_000_000n)), error: NEVER }) };
}
