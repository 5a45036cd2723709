/** ESP-IDF's partition table: CSV in, 0xC00 octets out (entries of 32 octets, an MD5 entry, 0xff). Source: ESP-IDF, "Partition Tables", gen_esp32part.py. */
import { createHash } from 'node:crypto';
import { Problem } from '../../node/index.js';
import { APP_PAGE, SECTOR } from './chips.js';

/** Where the bootloader looks for it, and how long it is. */
export const TABLE_AT = 0x8000;
export const TABLE_LENGTH = 0xc00;
const ENTRY = 32;
const MAGIC = 0x50aa;
const MD5_MAGIC = 0xebeb;

const types: Readonly<Record<string, number>> = { app: 0, data: 1 };
const subtypes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  app: { factory: 0x00, ...Object.fromEntries(Array.from({ length: 16 }, (_, slot) => [`ota_${slot}`, 0x10 + slot])) },
  data: { ota: 0x00, phy: 0x01, nvs: 0x02, coredump: 0x03, nvs_keys: 0x04, fat: 0x81, spiffs: 0x82, littlefs: 0x83 },
};

export interface Partition {
  readonly name: string;
  readonly type: number;
  readonly subtype: number;
  readonly at: number;
  readonly size: number;
  readonly flags: number;
}

export const slotsOf = (partitions: readonly Partition[]): Partition[] =>
  partitions
    .filter(({ type, subtype }) => type === types['app'] && subtype >= 0x10 && subtype < 0x20)
    .sort((a, b) => a.subtype - b.subtype);
export const otaDataOf = (partitions: readonly Partition[]): Partition | undefined =>
  partitions.find(({ type, subtype }) => type === types['data'] && subtype === subtypes['data']!['ota']);

/** @param file for the error message; the text has lines `name, type, subtype, offset, size, flags` */
export function parsePartitions(file: string, text: string): Partition[] {
  let next = TABLE_AT + SECTOR;
  const partitions = text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', typeName = '', subtypeName = '', offset = '', size = '', flags = ''] = line.split(',').map((cell) => cell.trim());
      const bad = (says: string): Problem =>
        new Problem(
          'partitions',
          `${file}, «${line}»: ${says}`,
          'See ESP-IDF, “Partition Tables”: name, type, subtype, offset, size, flags.',
        );
      const type = types[typeName] ?? number(typeName);
      const subtype = subtypes[typeName]?.[subtypeName] ?? number(subtypeName);
      const octets = number(size);
      if (name === '' || name.length > 15) throw bad('a name has 1 to 15 characters');
      if (type === undefined || subtype === undefined || octets === undefined) throw bad('type, subtype or size is not known');
      const align = type === types['app'] ? APP_PAGE : SECTOR;
      const at = offset === '' ? Math.ceil(next / align) * align : number(offset);
      if (at === undefined || at % align !== 0 || octets % SECTOR !== 0 || octets === 0)
        throw bad(`it must begin at a multiple of 0x${align.toString(16)} and fill whole sectors of 0x1000`);
      if (at < next) throw bad(`it begins at 0x${at.toString(16)}, inside what stands before it`);
      next = at + octets;
      return { name, type, subtype, at, size: octets, flags: flags === 'encrypted' ? 1 : 0 };
    });
  const names = new Set(partitions.map(({ name }) => name));
  if (partitions.length === 0 || names.size !== partitions.length)
    throw new Problem('partitions', `${file} is empty or names a partition twice`, 'Name each partition once.');
  return partitions;
}

export function encodePartitions(partitions: readonly Partition[]): Uint8Array {
  const entries = Buffer.alloc(partitions.length * ENTRY);
  for (const [index, { name, type, subtype, at, size, flags }] of partitions.entries()) {
    const entry = entries.subarray(index * ENTRY);
    entry.writeUInt16LE(MAGIC, 0);
    entry.set([type, subtype], 2);
    entry.writeUInt32LE(at, 4);
    entry.writeUInt32LE(size, 8);
    entry.write(name, 12, 16, 'ascii');
    entry.writeUInt32LE(flags, 28);
  }
  const check = Buffer.alloc(ENTRY, 0xff);
  check.writeUInt16LE(MD5_MAGIC, 0);
  createHash('md5').update(entries).digest().copy(check, 16);
  return Buffer.concat([entries, check, Buffer.alloc(TABLE_LENGTH, 0xff)]).subarray(0, TABLE_LENGTH);
}

/** Undefined if it is none: erased, damaged, or another format. */
export function decodePartitions(octets: Uint8Array): Partition[] | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const partitions: Partition[] = [];
  for (let at = 0; at + ENTRY <= octets.length; at += ENTRY) {
    const magic = view.getUint16(at, true);
    if (magic === MD5_MAGIC) {
      const md5 = createHash('md5').update(octets.subarray(0, at)).digest();
      return md5.equals(octets.subarray(at + 16, at + ENTRY)) ? partitions : undefined;
    }
    if (magic !== MAGIC) return undefined;
    const name = Buffer.from(octets.subarray(at + 12, at + 28))
      .toString('ascii')
      .replace(/\0.*$/, '');
    partitions.push({
      name,
      type: octets[at + 2]!,
      subtype: octets[at + 3]!,
      at: view.getUint32(at + 4, true),
      size: view.getUint32(at + 8, true),
      flags: view.getUint32(at + 28, true),
    });
  }
  return undefined;
}

function number(text: string): number | undefined {
  const found = /^(0x[0-9a-f]+|\d+)([KM]?)$/i.exec(text);
  if (!found) return undefined;
  return Number(found[1]) * ({ K: 1_024, M: 1_048_576 }[found[2]!.toUpperCase()] ?? 1);
}
