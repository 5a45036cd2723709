/**
 * Which slot a board starts (ESP-IDF, `esp_ota_select_entry_t`): two sectors, each with a sequence number and its checksum; the higher one counts, and names slot
 * (number - 1) modulo the slots. A new entry goes into the sector of the lower one, so a cut leaves the old choice.
 */
import { SECTOR } from './chips.js';

export const ENTRY = 32;
const ERASED = 0xffff_ffff;

/** CRC-32 of the number in ESP-IDF's way: register 0 at the start, inverted at the end. Number 1 gives 0x4743989a. */
export function sequenceCheck(sequence: number): number {
  let register = 0;
  for (let at = 0; at < 4; at += 1) {
    register ^= (sequence >>> (8 * at)) & 0xff;
    for (let bit = 0; bit < 8; bit += 1) register = register & 1 ? (register >>> 1) ^ 0xedb8_8320 : register >>> 1;
  }
  return ~register >>> 0;
}

/** The number of an entry; 0 if it is none. */
export function sequenceOf(entry: Uint8Array): number {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
  const sequence = view.getUint32(0, true);
  return sequence !== ERASED && sequence !== 0 && view.getUint32(28, true) === sequenceCheck(sequence) ? sequence : 0;
}

/** 0 to slots - 1; undefined: nothing chosen yet, the first slot starts. */
export function chosenSlot(entries: readonly Uint8Array[], slots: number): number | undefined {
  const newest = Math.max(...entries.map(sequenceOf));
  return newest === 0 ? undefined : (newest - 1) % slots;
}

/** What makes `slot` start: the sector of the two, and its octets. */
export function choose(
  entries: readonly Uint8Array[],
  slot: number,
  slots: number,
): { readonly sector: number; readonly octets: Uint8Array } {
  const numbers = entries.map(sequenceOf);
  let sequence = Math.max(...numbers) + 1;
  while ((sequence - 1) % slots !== slot) sequence += 1;
  const octets = Buffer.alloc(SECTOR, 0xff);
  octets.writeUInt32LE(sequence, 0);
  octets.writeUInt32LE(sequenceCheck(sequence), 28);
  return { sector: numbers[0]! <= numbers[1]! ? 0 : 1, octets };
}
