/**
 * A board in its ROM loader, on esptool-js: connection, identity, and reading, hashing and writing flash over a line that loses and corrupts octets.
 *
 * The ROM's protocol protects the data of a block by one octet of checksum and nothing else. So: what is read is read until two answers agree; what was written is
 * hashed by the ROM itself (MD5) and written again where it differs, sector by sector; and a block without an answer is sent again under a fresh FLASH_BEGIN that erases
 * nothing, because the ROM may or may not have counted it. No stub is loaded: the ROM of all four chips does all of this.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ESPLoader } from 'esptool-js';
import { messageOf, Problem } from '../../node/index.js';
import { chipIds, chips, SECTOR, type ChipId } from './chips.js';
import { QuietTransport, type WebSerialLine } from './serial-line.js';

/** Commands of the ROM (esptool's documentation, "Serial Protocol"). */
const FLASH_BEGIN = 0x02;
const FLASH_DATA = 0x03;
const SPI_SET_PARAMS = 0x0b;
const SPI_ATTACH = 0x0d;
const READ_FLASH_SLOW = 0x0e;
const CHANGE_BAUD = 0x0f;
const FLASH_MD5 = 0x13;

const ROM_BAUD = 115_200;
/** Octets of data in a block: the ROM's own buffer. */
const BLOCK = 1_024;
/** Octets of a slow read. */
const SLOW_READ = 64;
/** Hashed and, if they differ, erased and written in one go. */
const REGION = 0x1_0000;
/** Tries of one exchange, and of one sector, before the line is given up. */
const TRIES = 40;
const ROUNDS = 10;
/** Milliseconds to wait for an answer: a block takes 93 ms at 115,200 baud, its writing a few. esptool's own figures per megabyte for the rest. */
const PATIENCE = 1_000;
/** Milliseconds between two tries. */
const PAUSE = 50;
const ERASE_A_MEGABYTE = 30_000;
const MD5_A_MEGABYTE = 8_000;

export interface LoaderOptions {
  /** For messages. */
  readonly device: string;
  /** Milliseconds to wait for an answer; tests wait less. */
  readonly patience?: number;
  /** Of the line once connected; the ROM begins at 115,200. */
  readonly baudRate?: number;
}

export class Loader {
  readonly chip: ChipId;
  readonly mac: string;
  readonly flashMegabytes: number;
  readonly #esp: ESPLoader;
  readonly #line: WebSerialLine;
  readonly #device: string;
  readonly #patience: number;

  private constructor(
    esp: ESPLoader,
    line: WebSerialLine,
    options: LoaderOptions,
    identity: Pick<Loader, 'chip' | 'mac' | 'flashMegabytes'>,
  ) {
    this.#esp = esp;
    this.#line = line;
    this.#device = options.device;
    this.#patience = options.patience ?? PATIENCE;
    ({ chip: this.chip, mac: this.mac, flashMegabytes: this.flashMegabytes } = identity);
  }

  /** Fails with a Problem `no-board`, `wrong-chip`, `no-flash` or `board-gone`; nothing has been written then. */
  static async connect(line: WebSerialLine, options: LoaderOptions): Promise<Loader> {
    const { device, patience = PATIENCE } = options;
    const tries = new Tries(line, device, patience);
    const { esp, chip } = await synchronise(line, device, patience, tries);
    const mac = await tries.agree(() => esp.chip.readMac(esp));
    const attach = new Uint8Array(8);
    await tries.until(() => esp.checkCommand('attach flash', SPI_ATTACH, attach, 0, 0, patience));
    const size = await tries.agree(async () => (await esp.detectFlashSize()) ?? 'unknown');
    const flashMegabytes = Number(/^(\d+)MB$/.exec(size)?.[1]);
    if (!(flashMegabytes > 0))
      throw new Problem(
        'no-flash',
        `the board at ${device} has no flash that answers (${size})`,
        'Try another cable and port; if it stays, the board is broken.',
      );
    const params = words(0, flashMegabytes * 1_048_576, 0x1_0000, SECTOR, 256, 0xffff);
    await tries.until(() => esp.checkCommand('set flash parameters', SPI_SET_PARAMS, params, 0, 0, patience));
    if (options.baudRate !== undefined && options.baudRate !== ROM_BAUD) {
      await tries.until(() => esp.checkCommand('change speed', CHANGE_BAUD, words(options.baudRate!, 0), 0, 0, patience));
      await line.setBaudRate(options.baudRate);
    }
    return new Loader(esp, line, options, { chip, mac, flashMegabytes });
  }

  /** @param length at most 64 octets */
  async read(at: number, length: number): Promise<Uint8Array> {
    const answer = await this.#tries.agree(async () => {
      const octets = (await this.#command(READ_FLASH_SLOW, words(at, length), 0, SLOW_READ)) as Uint8Array;
      return Buffer.from(octets.subarray(0, length)).toString('hex');
    });
    return Buffer.from(answer, 'hex');
  }

  /** Whether flash holds these octets there, by the ROM's own hash. A corrupted answer can only say no, so a no is asked again. */
  async holds(at: number, octets: Uint8Array): Promise<boolean> {
    const expected = createHash('md5').update(octets).digest('hex');
    const patience = this.#perMegabyte(MD5_A_MEGABYTE, octets.length);
    const ask = async (): Promise<string> =>
      Buffer.from((await this.#command(FLASH_MD5, words(at, octets.length, 0, 0), 0, 32, patience)) as Uint8Array).toString('latin1');
    const first = await this.#tries.until(ask);
    return first === expected || (await this.#tries.until(ask)) === expected;
  }

  /**
   * Makes flash hold these octets there. What it holds already is left alone, so a second call goes on where a first one was cut.
   * @param at of a sector
   * @param done octets that are in place, and whether they had to be written
   */
  async write(at: number, octets: Uint8Array, done: (octets: number, written: boolean) => void): Promise<void> {
    for (let from = 0; from < octets.length; from += REGION) {
      const region = octets.subarray(from, from + REGION);
      const there = await this.holds(at + from, region);
      if (!there) await this.#writeRegion(at + from, region);
      done(region.length, !there);
    }
  }

  /** Out of the loader, into the firmware. */
  async restart(): Promise<void> {
    await this.#esp.after('hard_reset', false).catch(() => undefined);
    await this.close();
  }

  async close(): Promise<void> {
    await closeQuietly(this.#esp);
  }

  async #writeRegion(at: number, octets: Uint8Array): Promise<void> {
    await this.#program(at, octets);
    if (await this.holds(at, octets)) return;
    for (let from = 0; from < octets.length; from += SECTOR) {
      const sector = octets.subarray(from, from + SECTOR);
      let rounds = 0;
      while (!(await this.holds(at + from, sector))) {
        rounds += 1;
        if (rounds > ROUNDS)
          throw new Problem(
            'flash-verify',
            `${this.#device} does not keep what is written at 0x${(at + from).toString(16)}`,
            'Try another cable and port. If it stays, its flash is worn out: use another board.',
          );
        await this.#program(at + from, sector);
      }
    }
  }

  /** Erases and writes; every block is acknowledged, but only a hash tells what arrived. */
  async #program(at: number, octets: Uint8Array): Promise<void> {
    const blocks = Math.ceil(octets.length / BLOCK);
    const erase = Math.ceil(octets.length / SECTOR) * SECTOR;
    await this.#tries.until(() => this.#begin(erase, blocks, at));
    let [base, failed] = [0, 0];
    for (let block = 0; block < blocks;) {
      const data = new Uint8Array(BLOCK).fill(0xff);
      data.set(octets.subarray(block * BLOCK, (block + 1) * BLOCK));
      try {
        await this.#command(FLASH_DATA, Buffer.concat([words(BLOCK, block - base, 0, 0), data]), this.#esp.checksum(data));
        block += 1;
        failed = 0;
      } catch (error) {
        failed += 1;
        await this.#tries.judge(failed, error);
        base = block;
        await this.#tries.until(() => this.#begin(0, blocks - block, at + block * BLOCK));
      }
    }
  }

  #begin(erase: number, blocks: number, at: number): Promise<unknown> {
    const flag = chips[this.chip].encryptedFlag ? [0] : [];
    return this.#command(FLASH_BEGIN, words(erase, blocks, BLOCK, at, ...flag), 0, 0, this.#perMegabyte(ERASE_A_MEGABYTE, erase));
  }

  #command(op: number, data: Uint8Array, checksum = 0, answer = 0, patience = this.#patience): Promise<unknown> {
    return this.#esp.checkCommand(`command 0x${op.toString(16)}`, op, data, checksum, answer, patience);
  }

  #perMegabyte(milliseconds: number, octets: number): number {
    return this.#patience + (milliseconds * octets * this.#patience) / (1_048_576 * PATIENCE);
  }

  get #tries(): Tries {
    return new Tries(this.#line, this.#device, this.#patience);
  }
}

/** Repeats what a bad line spoils; ends at once when the board is gone. */
class Tries {
  readonly #line: WebSerialLine;
  readonly #device: string;
  readonly #patience: number;

  constructor(line: WebSerialLine, device: string, patience: number) {
    this.#line = line;
    this.#device = device;
    this.#patience = patience;
  }

  async until<T>(exchange: () => Promise<T>): Promise<T> {
    for (let failed = 1; ; failed += 1)
      try {
        return await exchange();
      } catch (error) {
        await this.judge(failed, error);
      }
  }

  /** Until two answers in a row are the same: a corrupted one is not likely to come twice. */
  async agree<T>(question: () => Promise<T>): Promise<T> {
    let before: T | undefined;
    for (let asked = 0; asked < TRIES; asked += 1) {
      const answer = await this.until(question);
      if (answer === before) return answer;
      before = answer;
    }
    throw this.#bad('its answers differ each time');
  }

  /** Ends it, or waits for the noise to pass: a garbled answer comes at once, and forty of them fit into one disturbance of 50 ms. */
  async judge(failed: number, error: unknown): Promise<void> {
    if (this.#line.gone !== undefined)
      throw new Problem(
        'board-gone',
        this.#line.gone,
        'Plug it in again and repeat the command: it goes on where it stopped, and the firmware that ran before still starts.',
      );
    if (failed >= TRIES) throw this.#bad(messageOf(error));
    await setTimeout(Math.min(PAUSE, this.#patience));
  }

  #bad(says: string): Problem {
    return new Problem(
      'line-bad',
      `${this.#device} does not get through: ${says}`,
      'Use a short data cable straight into the laptop, or a slower line (--baud 115200), then repeat the command: what has arrived is kept.',
    );
  }
}

/** Where the ESP32's ROM, which does not know GET_SECURITY_INFO, holds a number of its own. */
const MAGIC_REGISTER = 0x4000_1000;
const ESP32_MAGIC = 0x00f0_1d83;

/** The chip by its own word, asked until two answers agree; undefined: none of ours. */
async function identify(esp: ESPLoader, tries: Tries): Promise<ChipId | undefined> {
  const word = await tries.agree(async () => {
    if (esp.chip.CHIP_NAME !== chips.esp32.name) return (await esp.getSecurityInfo(false)).chipId;
    return (await esp.readReg(MAGIC_REGISTER)) >>> 0 === ESP32_MAGIC ? chips.esp32.imageId : -1;
  });
  return chipIds.find((each) => chips[each].imageId === word);
}

async function synchronise(line: WebSerialLine, device: string, patience: number, tries: Tries): Promise<{ esp: ESPLoader; chip: ChipId }> {
  let why = '';
  // esptool-js itself tries seven resets of five synchronisations each; a corrupted identity is no reason to send a person away.
  for (let attempt = 0; attempt < 4 && line.gone === undefined; attempt += 1) {
    const transport = new QuietTransport(line as never);
    const silent = (): void => undefined;
    const esp = new ESPLoader({
      transport,
      baudrate: ROM_BAUD,
      romBaudrate: ROM_BAUD,
      terminal: { clean: silent, write: silent, writeLine: silent },
    });
    esp.DEFAULT_TIMEOUT = patience;
    try {
      await esp.detectChip('default_reset', patience < PATIENCE ? 3 : 7);
      const chip = await identify(esp, tries);
      if (chip !== undefined && chips[chip].name === esp.chip.CHIP_NAME) return { esp, chip };
      await closeQuietly(esp);
      // A corrupted word may have named another chip to esptool-js; then the next attempt tells the right one.
      if (chip === undefined)
        throw new Problem(
          'wrong-chip',
          `the board at ${device} has a chip that MeshBox does not run on (${esp.chip.CHIP_NAME})`,
          `It runs on ${chipIds.map((each) => chips[each].name).join(', ')}.`,
        );
    } catch (error) {
      if (error instanceof Problem && error.code !== 'line-bad') throw error;
      why = messageOf(error);
      await closeQuietly(esp);
      if (/Permission denied|cannot open|cannot lock|No such file|ENOENT|EACCES|busy/i.test(why)) break;
    }
  }
  throw new Problem(
    'no-board',
    `no board answers at ${device}: ${why}`,
    'Hold its BOOT button while you press RESET, then repeat; stop other programs that use the device; use a data cable.',
  );
}

async function closeQuietly(esp: ESPLoader): Promise<void> {
  await esp.transport.disconnect().catch(() => undefined);
}

function words(...values: readonly number[]): Uint8Array {
  const octets = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) octets.writeUInt32LE(value >>> 0, 4 * index);
  return octets;
}
