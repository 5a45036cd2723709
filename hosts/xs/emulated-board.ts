/**
 * One board as a bare-metal RV32 image in qemu, with a chip's RAM and nothing more, behind the interface of a board process.
 *
 * The radio line is a virtio console on descriptor 3, the serial line qemu's UART on a pty, the store the second flash bank in a file.
 */
import { spawn } from 'node:child_process';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { drive, type BoardOptions, type BoardProcess, type Chip } from './board-process.js';
import { buildXsRv32 } from './build.mjs';
import { FLASH_SIZE, readFlash, writeFlash } from './flash-image.js';
import { qemu, qemuArguments, strapsArguments } from './rv32-image.mjs';

/** Chips of the emulated instruction set. */
export type EmulatedChip = Extract<Chip, 'esp32c3' | 'esp32c6'>;

export interface EmulatedBoardOptions extends BoardOptions {
  readonly profile: EmulatedChip;
  /** Profile the board: a sample each so many hundred instructions. Not with a serial line, whose timer it takes. */
  readonly sampleEvery?: number;
  /** A planted fault: jobs give way to nobody. */
  readonly selfishJobs?: boolean;
}

/** Beside the values of a board process in its state folder: keys contain no dot. */
const FLASH = 'flash.bin';
/** qemu's RAM holds what stands for flash as well; a board's own is what the image's linker script says. */
const MEMORY = '64M';

/** An image is built once per bundle and chip. */
const images = new Map<string, ReturnType<typeof buildXsRv32>>();

function emulatedImage(bundle: string, profile: EmulatedChip): ReturnType<typeof buildXsRv32> {
  const key = `${profile} ${bundle}`;
  const image = images.get(key) ?? buildXsRv32({ bundle, name: `board-${profile}`, profile });
  images.set(key, image);
  return image;
}

/** Starts a board; resolves once its firmware is up. Throws, with the board's last words, if it ends before. */
export async function startEmulatedBoard({
  profile,
  bundle,
  stateDir,
  serial,
  sampleEvery,
  selfishJobs,
}: EmulatedBoardOptions): Promise<BoardProcess> {
  const { elf } = await emulatedImage(bundle, profile);
  const devices = ['-object', 'rng-random,filename=/dev/urandom,id=entropy', '-device', 'virtio-rng-device,rng=entropy'];
  if (stateDir !== undefined) devices.push('-drive', `if=pflash,unit=1,format=raw,file=${await program(stateDir)}`);
  if (serial) devices.push('-chardev', 'pty,id=line', '-serial', 'chardev:line');
  else devices.push('-serial', 'none');
  devices.push(...strapsArguments({ serial, profile: sampleEvery, selfish: selfishJobs }));
  // Dies with this process, however that ends. A group of its own as a board process has.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', qemu, ...qemuArguments(elf, MEMORY, 'socket,id=radio,fd=3', devices)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  return drive(child, serial ? await redirected(child.stdout!) : undefined);
}

/** The pty that qemu names on its output. */
async function redirected(output: Readable): Promise<string | undefined> {
  let text = '';
  for await (const chunk of output.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const device = /redirected to (\S+)/.exec(text)?.[1];
    if (device !== undefined) return device;
  }
  return undefined;
}

/** The flash file of a board, with the values that lie beside it programmed into it; answers its path. */
async function program(stateDir: string): Promise<string> {
  const path = join(stateDir, FLASH);
  const given = (await readdir(stateDir)).filter((name) => !name.includes('.'));
  const file = await open(path, 'a+').then(async (created) => {
    await created.close();
    return open(path, 'r+');
  });
  await file.truncate(FLASH_SIZE);
  const blocks = Buffer.alloc(2 * 0x40000);
  await file.read(blocks, 0, blocks.length, 0);
  const held = readFlash(blocks);
  const values = new Map(held?.values);
  let changed = false;
  for (const key of given) {
    const value = await readFile(join(stateDir, key));
    if (values.get(key)?.equals(value)) continue;
    values.set(key, value);
    changed = true;
  }
  if (changed) {
    const flash = writeFlash({ generation: (held?.generation ?? 0) + 1, sequence: held?.sequence ?? 0, values });
    await file.write(flash, 0, flash.length, 0);
  }
  await file.close();
  return path;
}
