import type { Micros } from '../../firmware/core/base/index.js';
import type { RadioFrame, RadioKind } from '../../firmware/core/ports/index.js';
import type { Transmission } from './trace.js';

/** Where a simulated medium puts what happens on it; stations are named by their index in the world. */
export interface RadioSink {
  schedule(at: Micros, run: () => void): void;
  /** A frame leaves the antenna. */
  transmission(station: number, transmission: Transmission, airtime: Micros): void;
  received(station: number, frame: RadioFrame): void;
  /** Answers every accepted frame once. */
  sent(station: number, kind: RadioKind, ok: boolean): void;
}
