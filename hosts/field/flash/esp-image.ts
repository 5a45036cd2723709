/**
 * The image that a bootloader starts (ESP-IDF, "App Image Format"): 24 octets of header, segments of address, length and data, padding to 16 with a checksum as the
 * last octet, and the sha256 of all of it.
 */
import { createHash } from 'node:crypto';
import { Problem } from '../../node/index.js';
import { chipIds, chips, type ChipId } from './chips.js';

const MAGIC = 0xe9;
const HEADER = 24;
const SEGMENT = 8;
const HASH = 32;
const CHECKSUM_SEED = 0xef;
const MOST_SEGMENTS = 16;
/** Header octet 3: flash size in the high half (0: 1 MB, doubling), speed in the low one (0: 40 MHz, 0xf: 80 MHz). */
const SPEED_80 = 0x0f;
const MODE_DIO = 2;

export interface Segment {
  readonly address: number;
  readonly data: Uint8Array;
}

export interface EspImage {
  readonly chip: ChipId;
  readonly entry: number;
  /** Megabytes, as its header says. */
  readonly flashMegabytes: number;
  readonly segments: readonly Segment[];
  /** Octets of the image itself; a file may be longer. */
  readonly length: number;
}

export function writeImage({ chip, entry, flashMegabytes, segments }: Omit<EspImage, 'length'>): Uint8Array {
  const header = Buffer.alloc(HEADER);
  header.set([MAGIC, segments.length, MODE_DIO, (Math.log2(flashMegabytes) << 4) | SPEED_80]);
  header.writeUInt32LE(entry, 4);
  header[8] = 0xee; // write protect pin: none
  header.writeUInt16LE(chips[chip].imageId, 12);
  header.writeUInt16LE(0xffff, 17); // newest chip revision: any
  header[23] = 1; // the hash follows
  const body = segments.flatMap(({ address, data }) => {
    const head = Buffer.alloc(SEGMENT);
    head.writeUInt32LE(address, 0);
    head.writeUInt32LE(Math.ceil(data.length / 4) * 4, 4);
    return [head, data, Buffer.alloc(-data.length & 3)];
  });
  const plain = Buffer.concat([header, ...body]);
  const padded = Buffer.concat([plain, Buffer.alloc(16 - (plain.length % 16))]);
  padded[padded.length - 1] = segments.reduce((sum, { data }) => xor(data, sum), CHECKSUM_SEED);
  return Buffer.concat([padded, createHash('sha256').update(padded).digest()]);
}

/** Fails with a Problem `image` that says what is wrong with it. */
export function readImage(name: string, octets: Uint8Array): EspImage {
  const bad = (says: string): Problem =>
    new Problem(
      'image',
      `${name} is no image that a board starts: ${says}`,
      'Build it again with `npm run firmware`; a download that was cut short looks like this, too.',
    );
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  if (octets.length < HEADER + HASH || octets[0] !== MAGIC) throw bad(`it does not begin with 0x${MAGIC.toString(16)}`);
  const count = octets[1]!;
  if (count === 0 || count > MOST_SEGMENTS) throw bad(`it has ${count} segments`);
  const id = view.getUint16(12, true);
  const chip = chipIds.find((each) => chips[each].imageId === id);
  if (chip === undefined) throw bad(`it is for chip number ${id}, which MeshBox does not run on`);
  const segments: Segment[] = [];
  let at = HEADER;
  let checksum = CHECKSUM_SEED;
  for (let index = 0; index < count; index += 1) {
    if (at + SEGMENT > octets.length) throw bad('it ends inside its segments');
    const [address, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (at + SEGMENT + length > octets.length) throw bad('it ends inside its segments');
    const data = octets.subarray(at + SEGMENT, at + SEGMENT + length);
    checksum = xor(data, checksum);
    segments.push({ address, data });
    at += SEGMENT + length;
  }
  const end = at + 16 - (at % 16);
  if (end + HASH > octets.length) throw bad('its hash is missing');
  if (octets[end - 1] !== checksum) throw bad('its checksum is wrong');
  const hash = createHash('sha256').update(octets.subarray(0, end)).digest();
  if (octets[23] !== 1 || !hash.equals(octets.subarray(end, end + HASH))) throw bad('its sha256 is wrong');
  return { chip, entry: view.getUint32(4, true), flashMegabytes: 1 << (octets[3]! >> 4), segments, length: end + HASH };
}

function xor(data: Uint8Array, seed: number): number {
  let sum = seed;
  for (const octet of data) sum ^= octet;
  return sum;
}
