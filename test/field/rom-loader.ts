/**
 * The ROM loader of an ESP32 class chip as a serial line sees it, with its flash (NOR: erasing sets bits, writing clears them). After esptool's documentation ("Serial
 * Protocol") and its sources: SLIP frames, status of four octets, sequence numbers that must follow one another, a checksum of one octet over data and nothing else.
 */
import { createHash } from 'node:crypto';
import { chips, SECTOR, type ChipId } from '../../hosts/field/flash/chips.js';
import { readImage } from '../../hosts/field/flash/esp-image.js';
import { chosenSlot, ENTRY } from '../../hosts/field/flash/ota-data.js';
import { decodePartitions, otaDataOf, slotsOf, TABLE_AT, TABLE_LENGTH } from '../../hosts/field/flash/partition-table.js';

const END = 0xc0;
const ESC = 0xdb;
const MAGIC_REGISTER = 0x4000_1000;
/** Of the register that tells the ESP32 from the others. */
const ESP32_MAGIC = 0x00f0_1d83;
/** Errors of the ROM. */
const INVALID = 5;
const FAILED = 6;
const BAD_CHECKSUM = 7;

/** Where esptool finds the SPI controller and the MAC in the fuses. */
const registers = {
  esp32: { spi: 0x3ff4_2000, user: 0x1c, w0: 0x80, mac: 0x3ff5_a004 },
  esp32c3: { spi: 0x6000_2000, user: 0x18, w0: 0x58, mac: 0x6000_8844 },
  esp32c6: { spi: 0x6000_3000, user: 0x18, w0: 0x58, mac: 0x600b_0844 },
  esp32s3: { spi: 0x6000_2000, user: 0x18, w0: 0x58, mac: 0x6000_7044 },
} as const;
const USER_COMMAND = 1 << 18;
const READ_ID = 0x9f;

export class RomLoader {
  readonly flash: Uint8Array;
  readonly chip: ChipId;
  /** Sectors erased and octets written since it was switched on. */
  erased = 0;
  written = 0;
  readonly #registers = new Map<number, number>();
  #frame: number[] | undefined;
  #escaped = false;
  #attached = false;
  #at = 0;
  #blockSize = 0;
  #blocks = 0;
  #next = 0;

  constructor(chip: ChipId, megabytes = 4, flash?: Uint8Array) {
    this.chip = chip;
    this.flash = flash ?? new Uint8Array(megabytes * 1_048_576).fill(0xff);
    if (chip === 'esp32') this.#registers.set(MAGIC_REGISTER, ESP32_MAGIC);
    this.#registers.set(registers[chip].mac, 0x3322_1100).set(registers[chip].mac + 4, 0x0000_5544);
  }

  /** Octets from the line; answers what goes back. */
  feed(octets: Uint8Array): Uint8Array {
    const answers: Uint8Array[] = [];
    for (const octet of octets) {
      if (octet === END) {
        if (this.#frame !== undefined && this.#frame.length > 0) {
          answers.push(...this.#command(Uint8Array.from(this.#frame)));
          this.#frame = undefined;
        } else this.#frame = [];
        this.#escaped = false;
      } else if (this.#frame === undefined) continue;
      else if (this.#escaped) {
        this.#escaped = false;
        if (octet === 0xdc || octet === 0xdd) this.#frame.push(octet === 0xdc ? END : ESC);
        else this.#frame = undefined;
      } else if (octet === ESC) this.#escaped = true;
      else this.#frame.push(octet);
    }
    return Buffer.concat(answers);
  }

  #command(frame: Uint8Array): Uint8Array[] {
    if (frame.length < 8 || frame[0] !== 0) return [];
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const [op, length, check] = [frame[1]!, view.getUint16(2, true), view.getUint32(4, true)];
    const data = frame.subarray(8);
    if (data.length !== length) return [];
    if (op === 0x08) return length === 36 && data[0] === 7 ? Array.from({ length: 8 }, () => reply(op, 0x2012_0707)) : [];
    const word = (index: number): number =>
      4 * index + 4 <= data.length ? new DataView(data.buffer, data.byteOffset).getUint32(4 * index, true) : 0;
    return [this.#perform(op, data, word, check)];
  }

  #perform(op: number, data: Uint8Array, word: (index: number) => number, check: number): Uint8Array {
    switch (op) {
      case 0x09:
        return this.#writeRegister(op, word(0), word(1), word(2));
      case 0x0a:
        return reply(op, this.#registers.get(word(0)) ?? 0);
      case 0x0b:
        return data.length === 24 ? reply(op) : reply(op, 0, INVALID);
      case 0x0d:
        this.#attached = true;
        return reply(op);
      case 0x0f:
        return reply(op);
      case 0x14:
        return this.chip === 'esp32' ? reply(op, 0, INVALID) : reply(op, 0, 0, this.#securityInfo());
      case 0x02:
        return this.#begin(op, data, word);
      case 0x03:
        return this.#block(op, data, word, check);
      case 0x04:
        return reply(op);
      case 0x0e:
        return this.#attached && word(1) <= 64 && word(0) + word(1) <= this.flash.length
          ? reply(op, 0, 0, pad(this.flash.subarray(word(0), word(0) + word(1)), 64))
          : reply(op, 0, FAILED);
      case 0x13: {
        if (!this.#attached || word(0) + word(1) > this.flash.length) return reply(op, 0, FAILED);
        const md5 = createHash('md5')
          .update(this.flash.subarray(word(0), word(0) + word(1)))
          .digest('hex');
        return reply(op, 0, 0, Buffer.from(md5, 'latin1'));
      }
      default:
        return reply(op, 0, INVALID);
    }
  }

  #begin(op: number, data: Uint8Array, word: (index: number) => number): Uint8Array {
    const [erase, blocks, size, at] = [word(0), word(1), word(2), word(3)];
    const wanted = this.chip === 'esp32' ? 16 : 20;
    if (!this.#attached || data.length !== wanted) return reply(op, 0, INVALID);
    if (at + erase > this.flash.length || size > 0x4000 || at + blocks * size > this.flash.length + 0x4000) return reply(op, 0, FAILED);
    const from = at - (at % SECTOR);
    const to = erase === 0 ? from : Math.ceil((at + erase) / SECTOR) * SECTOR;
    this.flash.fill(0xff, from, to);
    this.erased += (to - from) / SECTOR;
    [this.#at, this.#blockSize, this.#blocks, this.#next] = [at, size, blocks, 0];
    return reply(op);
  }

  #block(op: number, data: Uint8Array, word: (index: number) => number, check: number): Uint8Array {
    const [size, sequence] = [word(0), word(1)];
    const octets = data.subarray(16);
    if (octets.length !== size || size !== this.#blockSize || sequence !== this.#next || sequence >= this.#blocks)
      return reply(op, 0, INVALID);
    if (octets.reduce((sum, octet) => sum ^ octet, 0xef) !== (check & 0xff)) return reply(op, 0, BAD_CHECKSUM);
    const from = this.#at + sequence * size;
    for (const [index, octet] of octets.entries()) if (from + index < this.flash.length) this.flash[from + index]! &= octet;
    this.written += size;
    this.#next += 1;
    return reply(op);
  }

  #writeRegister(op: number, address: number, value: number, mask: number): Uint8Array {
    const { spi, user, w0 } = registers[this.chip];
    this.#registers.set(address, (((this.#registers.get(address) ?? 0) & ~mask) | (value & mask)) >>> 0);
    if (address === spi && (value & USER_COMMAND) !== 0) {
      const command = (this.#registers.get(spi + user + 8) ?? 0) & 0xff;
      // Manufacturer 0x68, NOR, 2^n octets; nothing answers before the pins are attached.
      const id = this.#attached && command === READ_ID ? (Math.log2(this.flash.length) << 16) | 0x4068 : 0xff_ffff;
      this.#registers.set(spi + w0, id).set(spi, 0);
    }
    return reply(op);
  }

  #securityInfo(): Uint8Array {
    const info = Buffer.alloc(20);
    info.writeUInt32LE(chips[this.chip].imageId, 12);
    return info;
  }

  /** What the second-stage bootloader would start: the chosen slot if its image is whole, else another that is; undefined: it stays in the loader. */
  boot(): { readonly slot: string; readonly app: Uint8Array } | undefined {
    const image = (at: number, size: number): Uint8Array | undefined => {
      try {
        const octets = this.flash.subarray(at, at + size);
        return octets.subarray(0, readImage('slot', octets).length);
      } catch {
        return undefined;
      }
    };
    const partitions = decodePartitions(this.flash.subarray(TABLE_AT, TABLE_AT + TABLE_LENGTH));
    if (!partitions || !image(chips[this.chip].bootloaderAt, TABLE_AT - chips[this.chip].bootloaderAt)) return undefined;
    const slots = slotsOf(partitions);
    const { at } = otaDataOf(partitions)!;
    const first =
      chosenSlot([this.flash.subarray(at, at + ENTRY), this.flash.subarray(at + SECTOR, at + SECTOR + ENTRY)], slots.length) ?? 0;
    for (let turn = 0; turn < slots.length; turn += 1) {
      const slot = slots[(first + turn) % slots.length]!;
      const app = image(slot.at, slot.size);
      if (app) return { slot: slot.name, app };
    }
    return undefined;
  }
}

function pad(octets: Uint8Array, length: number): Uint8Array {
  return Buffer.concat([octets, Buffer.alloc(length - octets.length)]);
}

/** Direction 1, the command, length, value, data, and a status of four octets. */
function reply(op: number, value = 0, error = 0, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = error === 0 ? Buffer.concat([data, Buffer.alloc(4)]) : Buffer.from([1, error, 0, 0]);
  const head = Buffer.alloc(8);
  head.set([1, op]);
  head.writeUInt16LE(body.length, 2);
  head.writeUInt32LE(value >>> 0, 4);
  const out = [END];
  for (const octet of Buffer.concat([head, body])) out.push(...(octet === END ? [ESC, 0xdc] : octet === ESC ? [ESC, 0xdd] : [octet]));
  return Uint8Array.from([...out, END]);
}
