/**
 * From source to a signed bundle, in steps that each say what they did. What comes before Moddable's build needs nothing but this project; images that were built
 * elsewhere can be bundled in its place (`images`).
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createCurveKernels, createKernels } from '../../../firmware/core/crypto/index.js';
import { hex } from '../../../firmware/core/base/index.js';
import { messageOf, openFileSigner, Problem, systemCode, writeDurably } from '../../node/index.js';
import { encodePartitions, parsePartitions, readBundle, readImage, slotsOf, writeBundle } from '../flash/index.js';
import type { Board } from './boards.js';
import { sdkParts } from './sdk.js';

export interface BuildOptions {
  readonly board: Board;
  readonly version: string;
  /** Folder of bootloader.bin and app.bin, instead of building them. */
  readonly images?: string;
  /** Secret of whoever signs; made at the first run. */
  readonly signer: string;
  readonly out: string;
  readonly env: NodeJS.ProcessEnv;
  readonly step: (name: string, says: string) => void;
}

const CSV = new URL('partitions.csv', import.meta.url);
/** Of the image, beside the manifests of the kernels. */
const manifestOf = (board: Board): string => join('manifests', board.id, 'manifest.json');
/** An image from nothing takes the SDK some minutes. */
const BUILD_TIMEOUT = 1_800_000;

/** Answers the bundle's path. Fails with a Problem `sdk-missing` after every step that did not need the SDK. */
export async function buildFirmware({ board, version, images, signer: secret, out, env, step }: BuildOptions): Promise<string> {
  const partitions = parsePartitions('partitions.csv', await readFile(CSV, 'utf8'));
  const table = encodePartitions(partitions);
  await mkdir(out, { recursive: true });
  await writeDurably(join(out, 'partitions.bin'), table);
  const [slot] = slotsOf(partitions);
  step('partitions', `${partitions.length} partitions, two slots of ${slot!.size} octets: ${join(out, 'partitions.bin')}`);

  const folder = join(secret, '..');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  const curve = createCurveKernels();
  const signer = await openFileSigner(secret, { curve, hashes: createKernels() });
  await writeDurably(join(folder, 'signer.pub'), Buffer.from(`${hex(signer.key)}\n`));
  step('signer', hex(signer.key));

  const missing = sdkParts(env).filter(({ found }) => found === undefined);
  if (images === undefined && missing.length > 0) {
    for (const { id, remedy } of missing) step(id, `missing: ${remedy!}`);
    throw new Problem(
      'sdk-missing',
      `the image itself cannot be built here: ${missing.map(({ id }) => id).join(', ')} missing`,
      'Install what is named above (`meshbox doctor` checks it), or bundle images built elsewhere with --images FOLDER.',
    );
  }
  const from = images ?? (await mcconfig(board, env, step));
  const read = async (name: string): Promise<Uint8Array> =>
    readFile(join(from, name)).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
      throw new Problem(
        'image',
        `there is no ${name} in ${from}`,
        'The folder holds bootloader.bin and app.bin (or xs_esp32.bin, as the SDK calls it).',
      );
    });
  const bootloader = await read('bootloader.bin');
  const app = await read('app.bin').catch(() => read('xs_esp32.bin'));
  for (const [name, octets] of Object.entries({ bootloader, app })) {
    const { chip, segments, length } = readImage(name, octets);
    step(name, `${length} octets in ${segments.length} segments for ${chip}`);
  }
  const parts = {
    board: board.id,
    chip: board.chip,
    version,
    flashMegabytes: board.flashMegabytes,
    images: { bootloader, partitions: table, app },
  };
  const octets = await writeBundle(parts, signer);
  const file = join(out, `${board.id}-${version}.mbfw`);
  await writeDurably(file, octets);
  // Read back as a stranger would.
  readBundle(file, await readFile(file), { curve, keys: [hex(signer.key)] });
  step('bundle', `${file}, ${octets.length} octets`);
  return file;
}

/** Runs Moddable's build and answers the folder of what it made. */
async function mcconfig(board: Board, env: NodeJS.ProcessEnv, step: BuildOptions['step']): Promise<string> {
  const manifest = manifestOf(board);
  const args = ['-m', '-p', board.platform, '-t', 'build', manifest];
  try {
    await promisify(execFile)('mcconfig', args, { env, timeout: BUILD_TIMEOUT, maxBuffer: 1 << 26 });
  } catch (error) {
    const says = (error as { stderr?: string }).stderr ?? messageOf(error);
    throw new Problem(
      'build',
      `mcconfig ${args.join(' ')} failed: ${says.trim().split('\n').slice(-8).join(' | ')}`,
      'Its own output says more: run that command by hand.',
    );
  }
  const folder = join(env['MODDABLE']!, 'build/bin', board.platform, 'release', board.id);
  step('mcconfig', folder);
  return folder;
}
