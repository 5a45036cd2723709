/** The C kernels on the XS engine, through their binding, answer what the oracle answers on Node. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { buildXs, bundleForXs } from '../../hosts/xs/build.mjs';
import { transcript } from './transcript.js';

const source = `
import { createNativeKernels } from './assembly/native/index.ts';
import { transcript } from './test/kernels/transcript.ts';
export function run(host) {
  const native = createNativeKernels(host.kernels);
  for (const line of transcript(native, native)) host.log(line);
  return 0;
}`;

test('native kernels on XS, as the oracle', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-xs-kernels-'));
  try {
    const bundle = join(folder, 'kernels.js');
    await bundleForXs({ source, output: bundle });
    const { executable } = await buildXs();
    const { stdout } = await promisify(execFile)(executable, ['--run', bundle], { timeout: 120_000, maxBuffer: 1 << 24 });
    const expected = transcript(createKernels(), createCurveKernels());
    assert.deepEqual(stdout.trimEnd().split('\n'), expected);
    assert.ok(expected.length > 300);
  } finally {
    await rm(folder, { recursive: true });
  }
});
