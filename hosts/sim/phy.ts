/**
 * The physical layer in numbers: how long a frame takes and how likely it is to be read. 802.11b DSSS at 1 Mb/s as ESP-NOW uses it, and
 * Espressif's long range mode (LR).
 *
 * Sources. Timing: IEEE 802.11-2016, clause 15 (DSSS PHY). Frame: ESP-IDF, "ESP-NOW, Frame Format". Bit errors: DBPSK over 11-chip spreading as
 * in ns-3 `dsss-error-rate-model.cc` (Pei and Henderson, "Validation of ns-3 802.11b PHY model", 2009).
 */
import { micros, type Micros } from '../../firmware/core/base/index.js';

export type Rate = '1M' | 'LR-500K' | 'LR-250K';

interface RateFigures {
  /** Preamble and header before the first octet of the frame. */
  readonly preamble: number;
  readonly microsPerOctet: number;
  /** Sensitivity gained over 1 Mb/s, in dB. */
  readonly gain: number;
}

// 1M: long preamble 144 us and PLCP header 48 us. LR: the format is not published; 400 us fits the three airtimes of the project's link table
// (5, 9.8 and 50 ms for 100, 250 and 1,470 octets at 250 kb/s), and "+4 dB over 802.11b" is the vendor's word.
const figures: Readonly<Record<Rate, RateFigures>> = {
  '1M': { preamble: 192, microsPerOctet: 8, gain: 0 },
  'LR-500K': { preamble: 400, microsPerOctet: 16, gain: 4 },
  'LR-250K': { preamble: 400, microsPerOctet: 32, gain: 4 },
};

export const rates = Object.keys(figures) as readonly Rate[];

/** MAC header 24, category 1, organisation 3, random value 4, frame check sequence 4. */
const fixedOctets = 36;
/** Header of each vendor-specific element, and the payload that one carries; ESP-NOW v2 puts up to six into a frame. */
const elementHeader = 7;
const elementPayload = 250;

/** Octets on the air for a payload: what the receiver must get right. */
export function frameOctets(payload: number): number {
  return fixedOctets + elementHeader * Math.max(1, Math.ceil(payload / elementPayload)) + payload;
}

/** 100 octets take 1.3 ms at 1 Mb/s, 250 take 2.5 ms, 1,470 take 12.6 ms. */
export function airtime(rate: Rate, payload: number): Micros {
  const { preamble, microsPerOctet } = figures[rate];
  return micros(preamble + microsPerOctet * frameOctets(payload));
}

/** aSlotTime, aSIFSTime and aCCATime of the DSSS PHY; DIFS = SIFS + 2 slots; aCWmin = 31. A frame without acknowledgement never widens its window. */
export const slotTime = 20;
export const ccaTime = 15;
export const difs = 50;
export const contentionWindow = 32;

/** Thermal noise of 22 MHz (-174 dBm/Hz + 73.4 dB) and a receiver's noise figure of 7 dB (ns-3's default), rounded. */
export const noiseFloor = -94;

/** From this mean ratio (dB) on a station hears that the medium is in use: at 1 Mb/s, -7.5 dB, one in a hundred of the shortest frames could be read. */
export function carrierSense(rate: Rate): number {
  return -7.5 - figures[rate].gain;
}

/** Chips of bandwidth per bit at 1 Mb/s: 22 MHz over 1 Mb/s. */
const spreading = 22;

/**
 * Share of frames read without error at this signal-to-noise ratio (dB, over 22 MHz): bit error rate 0.5 exp(-Eb/N0), every bit alike.
 * Half of all 100-octet frames pass at -5.1 dB, which is -99 dBm over the noise floor above (datasheets of ESP32-C3 and S3: -98.4 dBm).
 */
export function receptionRatio(rate: Rate, snr: number, payload: number): number {
  const bitEnergy = spreading * 10 ** ((snr + figures[rate].gain) / 10);
  return (1 - 0.5 * Math.exp(-bitEnergy)) ** (8 * frameOctets(payload));
}

/** The mean of that ratio over frames whose own ratio is normally distributed; sampled every quarter of a deviation out to four. */
export function expectedReceptionRatio(rate: Rate, snr: number, deviation: number, payload: number): number {
  if (deviation === 0) return receptionRatio(rate, snr, payload);
  let sum = 0;
  let weights = 0;
  for (let z = -4; z <= 4; z += 0.25) {
    const weight = Math.exp((-z * z) / 2);
    sum += weight * receptionRatio(rate, snr + deviation * z, payload);
    weights += weight;
  }
  return sum / weights;
}
