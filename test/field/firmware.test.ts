/** `npm run firmware`: every step that comes before the SDK, bundles of images built elsewhere, and the SDK's own step with a build command in its place. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCurveKernels } from '../../firmware/core/crypto/index.js';
import { boardOf, buildFirmware, sdkParts } from '../../hosts/field/firmware/index.js';
import { chipIds, decodePartitions, flashBoard, readBundle } from '../../hosts/field/flash/index.js';
import { Problem } from '../../hosts/node/index.js';
import { RomLine } from './rom-line.js';
import { RomLoader } from './rom-loader.js';
import { parts } from './sample-bundle.js';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'meshbox-firmware-'))));
after(() => rm(folder, { recursive: true, force: true }));

const steps: string[] = [];
const options = (board: string) => ({
  board: boardOf(board),
  version: '1.2.3',
  signer: join(folder, 'keys', 'signer.key'),
  out: join(folder, 'out'),
  env: { PATH: '/nowhere' },
  step: (name: string) => void steps.push(name),
});

test('without the SDK everything before it is done, and what is missing is named with its version', async () => {
  steps.length = 0;
  await assert.rejects(buildFirmware(options('esp32c6')), (error: unknown) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, 'sdk-missing');
    assert.match(`${error.message} ${error.remedy}`, /moddable, mcconfig, esp-idf missing.*--images/);
    return true;
  });
  assert.deepEqual(steps, ['partitions', 'signer', 'moddable', 'mcconfig', 'esp-idf']);
  const table = decodePartitions(await readFile(join(folder, 'out/partitions.bin')))!;
  assert.deepEqual(
    table.filter(({ type }) => type === 0).map(({ name, at, size }) => [name, at, size]),
    [
      ['ota_0', 0x20000, 0x180000],
      ['ota_1', 0x1a0000, 0x180000],
    ],
  );
  assert.equal((await stat(join(folder, 'keys/signer.key'))).mode & 0o77, 0);
  for (const { remedy } of sdkParts({ PATH: '' })) assert.match(remedy!, /8\.2\.3|PATH|esp-idf/);
});

for (const chip of chipIds)
  test(`${chip}: images built elsewhere become a bundle that flashes, signed by the key of this checkout`, async () => {
    const images = join(folder, `images-${chip}`);
    await mkdir(images);
    const made = parts(chip, 3, 30_000).images;
    await writeFile(join(images, 'bootloader.bin'), made.bootloader);
    await writeFile(join(images, 'xs_esp32.bin'), made.app);
    const file = await buildFirmware({ ...options(chip), images });
    const key = (await readFile(join(folder, 'keys/signer.pub'), 'utf8')).trim();
    const bundle = readBundle(file, await readFile(file), { curve: createCurveKernels(), keys: [key] });
    assert.deepEqual([bundle.manifest.board, bundle.manifest.version, bundle.manifest.signer], [chip, '1.2.3', key]);
    const rom = new RomLoader(chip);
    await flashBoard(new RomLine(rom), bundle, { device: 'the board', patience: 40 });
    assert.deepEqual(Buffer.from(rom.boot()!.app), Buffer.from(made.app));
  });

test('the SDK’s step runs where it is installed; its failure and its wrong output are told', async () => {
  const sdk = join(folder, 'sdk');
  const bin = join(sdk, 'bin');
  const built = join(sdk, 'build/bin/esp32/esp32c3/release/esp32c3');
  for (const each of [bin, built, join(sdk, 'xs/sources'), join(sdk, 'tools/mcconfig'), join(folder, 'idf/tools')])
    await mkdir(each, { recursive: true });
  await writeFile(join(sdk, 'xs/sources/xsAll.h'), '');
  await writeFile(join(sdk, 'tools/mcconfig/make.esp32.mk'), 'EXPECTED_ESP_IDF ?= v9.9\n');
  await writeFile(join(folder, 'idf/tools/idf.py'), '');
  const command = async (script: string): Promise<void> => {
    await writeFile(join(bin, 'mcconfig'), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, 'mcconfig'), 0o755);
  };
  const env = { PATH: `${bin}:/usr/bin:/bin`, MODDABLE: sdk, IDF_PATH: join(folder, 'idf') };
  assert.match(sdkParts({ ...env, IDF_PATH: '' })[2]!.remedy!, /v9\.9/);
  const made = parts('esp32c3', 4, 20_000).images;
  await writeFile(join(built, 'bootloader.bin'), made.bootloader);
  await command(`echo "$@" > ${folder}/arguments; cp ${join(built, 'new.bin')} ${join(built, 'xs_esp32.bin')}`);
  await writeFile(join(built, 'new.bin'), made.app);
  const file = await buildFirmware({ ...options('esp32c3'), env });
  assert.match(file, /esp32c3-1\.2\.3\.mbfw$/);
  assert.equal(await readFile(join(folder, 'arguments'), 'utf8'), '-m -p esp32/esp32c3 -t build manifests/esp32c3/manifest.json\n');
  await writeFile(join(built, 'new.bin'), parts('esp32c6', 4).images.app);
  await assert.rejects(buildFirmware({ ...options('esp32c3'), env }), { code: 'bundle-parts' });
  await writeFile(join(built, 'new.bin'), 'not an image');
  await assert.rejects(buildFirmware({ ...options('esp32c3'), env }), { code: 'image' });
  await command('echo the compiler says no >&2; exit 3');
  await assert.rejects(
    buildFirmware({ ...options('esp32c3'), env }),
    (error: unknown) => error instanceof Problem && error.code === 'build' && /compiler says no/.test(error.message),
  );
  assert.throws(() => boardOf('esp8266'), { code: 'usage' });
});
