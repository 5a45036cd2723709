/**
 * Links from places: log-distance path loss with fading (Rappaport, "Wireless Communications", 4.9). Exponent 3 (between open ground, 2, and
 * obstructed, 4) and a deviation of 4 dB reproduce what was measured with ESP32-C6 boards and ESP-NOW at 1 Mb/s (University of Zilina, Espressif
 * developer portal): about 100 % of frames at 150 m, 60 % at 300 m; for 100 octets the model gives 99 % and 60 %, and 15 % at 450 m.
 */
import type { Link } from './air.js';

/** Metres. */
export interface Position {
  readonly x: number;
  readonly y: number;
}

const exponent = 3;
const deviation = 4;
const reference = { distance: 300, snr: -4.1 };
/** Below this mean ratio a station neither is read nor, being 10 dB under anything that can be read, breaks a capture. */
const silence = -20;

/** The radio link between two places, either way, or undefined if they are out of each other's reach. */
export function radioLink(a: Position, b: Position): Link | undefined {
  const snr = reference.snr - distanceLoss(Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) / reference.distance);
  return snr < silence ? undefined : { prr: 1, snr, deviation };
}

/** Decibels lost over `times` the distance. */
export function distanceLoss(times: number): number {
  return 10 * exponent * Math.log10(times);
}
