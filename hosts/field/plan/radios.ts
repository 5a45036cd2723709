/**
 * The radios, calibrated: what power a receiver needs is computed from where frames were measured to arrive (University of Zilina with ESP32-C6 boards,
 * Espressif developer portal), through the same path loss that plans. PCB antennas about a metre above open ground; 20 dBm.
 *
 *   ESP-NOW 1 Mb/s   100 % at 150 m, 60 % at 300 m         long range mode   100 % at 450 m, 40 % at 900 m         Wi-Fi   60 % at 150 m
 *
 * ESP-NOW lost 18 dB there against its data sheet (-98 dBm): antennas, people, other users of the band. No such measurement exists with masts, so none of
 * it is hoped back: a mast gains height and the antenna's own decibels, nothing else.
 */
import { flatPath, pathLoss } from './path-loss.js';

export interface Radio {
  readonly id: 'esp-now' | 'lr' | 'wifi' | 'lora';
  readonly says: string;
  readonly mhz: number;
  /** Power into the antenna, dBm. */
  readonly power: number;
  /** Power at the receiver with which half the frames arrive, dBm. */
  readonly threshold: number;
  /** kb/s of payload at the threshold's far side, for a person. */
  readonly rate: number;
}

/** Deviation of the fading from frame to frame, dB: as the air of hosts/sim, fitted to the same measurement. */
const FADING = 4;
/** Height of the boards in that measurement: not published; with one metre both ends of both curves fit. */
const MEASURED_HEIGHT = 1;
const MEASURED_POWER = 20;
const WIFI_CHANNEL_7 = 2_442;

/** Share of frames that arrive with so many dB above the threshold. */
export function reception(margin: number): number {
  return normal(margin / FADING);
}

/** Distribution function of the normal distribution (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? 1 - tail : tail;
}

/** Margin at which that share arrives, by bisection. */
function marginFor(share: number): number {
  let [low, high] = [-40, 40];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (reception(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function measured(metres: number, share: number): number {
  const { total } = pathLoss(flatPath(metres, MEASURED_HEIGHT, MEASURED_HEIGHT), WIFI_CHANNEL_7);
  return MEASURED_POWER - total - marginFor(share);
}

const at24 = { mhz: WIFI_CHANNEL_7, power: MEASURED_POWER } as const;

export const radios = {
  'esp-now': { ...at24, id: 'esp-now', says: 'ESP-NOW, 1 Mb/s', threshold: measured(300, 0.6), rate: 400 },
  lr: { ...at24, id: 'lr', says: 'ESP-NOW long range, 250 kb/s', threshold: measured(900, 0.4), rate: 100 },
  wifi: { ...at24, id: 'wifi', says: 'Wi-Fi access for phones', threshold: measured(150, 0.6), rate: 6_000 },
  /** Data sheet (SX126x, SF7, 125 kHz: -124 dBm) less the 18 dB that ESP-NOW lost: not measured. Its own radio, 14 dBm, for SOS and control. */
  lora: { id: 'lora', says: 'LoRa SF7, SOS and control only', mhz: 917, power: 14, threshold: -124 + 18, rate: 5.5 },
} as const satisfies Record<string, Radio>;

/** dBi; what a cable and its plugs take is already off. */
export const antennas = {
  pcb: { says: 'antenna on the board', gain: 0 },
  whip: { says: 'whip 5 dBi, 1 dB of cable', gain: 4 },
  panel: { says: 'panel 14 dBi, 30 degrees, 1 dB of cable', gain: 13 },
} as const;
export type AntennaId = keyof typeof antennas;

/** A phone: 15 dBm and an antenna of -3 dBi behind a hand, 1.2 m above ground. Assumed, from common data sheets: nobody has measured the island's phones. */
export const phone = { power: 15, gain: -3, height: 1.2 } as const;
