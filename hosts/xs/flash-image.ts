/**
 * The small store of an emulated board from outside: reads what its flash holds and writes what a factory would program. The format is that of
 * host/rv32-store.c, read here by other code.
 */
import { crc32 } from 'node:zlib';

/** One bank of CFI flash; qemu wants the file as long as the bank. */
export const FLASH_SIZE = 32 << 20;
const BLOCK = 0x40000;
const LOG = 16_384;
const MAGIC = 0x5453424d;
const HEADER = 16;
const HEAD = 8;
const DELETED = 0xffff;
const KEY_MAX = 15;
const VALUE_MAX = 1024;

export interface FlashStore {
  readonly generation: number;
  readonly sequence: number;
  readonly values: ReadonlyMap<string, Buffer>;
}

const checked = (octets: Buffer): boolean => octets.readUInt32LE(octets.length - 4) === crc32(octets.subarray(0, -4));

/** Undefined: a flash that was never formatted. */
export function readFlash(flash: Buffer): FlashStore | undefined {
  const blocks = [0, 1].map((block) => flash.subarray(block * BLOCK, block * BLOCK + LOG));
  const whole = blocks.filter((block) => block.readUInt32LE(0) === MAGIC && checked(block.subarray(0, HEADER)));
  const [log] = whole.sort((a, b) => b.readUInt32LE(4) - a.readUInt32LE(4));
  if (log === undefined) return undefined;
  const values = new Map<string, Buffer>();
  let sequence = 0;
  for (let at = HEADER; at + HEAD + 4 <= LOG;) {
    const [keySize, valueSize] = [log.readUInt8(at + 4), log.readUInt16LE(at + 6)];
    const length = valueSize === DELETED ? 0 : valueSize;
    const end = at + (((HEAD + keySize + length + 3) >> 2) << 2) + 4;
    if (keySize === 0 || keySize > KEY_MAX || length > VALUE_MAX || end > LOG || !checked(log.subarray(at, end))) break;
    if (log.readUInt32LE(at) <= sequence) break;
    sequence = log.readUInt32LE(at);
    const key = log.toString('latin1', at + HEAD, at + HEAD + keySize);
    if (valueSize === DELETED) values.delete(key);
    else values.set(key, Buffer.from(log.subarray(at + HEAD + keySize, at + HEAD + keySize + length)));
    at = end;
  }
  return { generation: log.readUInt32LE(4), sequence: Math.max(sequence, log.readUInt32LE(8)), values };
}

function sealed(octets: Buffer): Buffer {
  octets.writeUInt32LE(crc32(octets.subarray(0, -4)), octets.length - 4);
  return octets;
}

/** The two blocks of a store that holds these values. */
export function writeFlash({ generation, sequence, values }: FlashStore): Buffer {
  const flash = Buffer.alloc(2 * BLOCK, 0xff);
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(generation, 4);
  header.writeUInt32LE(sequence, 8);
  flash.set(sealed(header), 0);
  let at = HEADER;
  let number = sequence;
  for (const [key, value] of values) {
    const record = Buffer.alloc((((HEAD + key.length + value.length + 3) >> 2) << 2) + 4);
    record.writeUInt32LE((number += 1), 0);
    record.writeUInt8(key.length, 4);
    record.writeUInt16LE(value.length, 6);
    record.write(key, HEAD, 'latin1');
    record.set(value, HEAD + key.length);
    flash.set(sealed(record), at);
    at += record.length;
  }
  return flash;
}
