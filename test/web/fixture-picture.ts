/** A small PNG made by hand: hills at dusk, so that a thumbnail shows something. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

export function picture(width: number, height: number): Buffer {
  const rows = Buffer.alloc((3 * width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [u, v] = [x / width, y / height];
      const hill = 0.62 + 0.12 * Math.sin(u * 6.3) + 0.05 * Math.sin(u * 17);
      const sun = Math.hypot((u - 0.7) * (width / height), v - 0.35) < 0.11;
      const colour =
        v > hill ? [38 + 30 * v, 82 - 40 * (v - hill), 84] : sun ? [255, 236, 180] : [250 - 120 * v, 150 + 40 * v, 110 + 120 * v];
      rows.set(colour.map(Math.round), y * (3 * width + 1) + 1 + 3 * x);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

export const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
