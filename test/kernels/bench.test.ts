/**
 * The kernels' costs on RV32IMAC stay within their limits (instructions, the same on every machine), and the bench sees a wrong result, a slow
 * kernel and an image that does not end.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FIGURES, measureRv32 } from '../../assembly/bench/kernels.mjs';
import { buildImage, runImage, sizes } from '../../assembly/bench/rv32.mjs';
import { buildKernels } from '../../assembly/build.mjs';
import { buildVariant } from './kernels-variant.js';

const bench = fileURLToPath(new URL('../../assembly/bench', import.meta.url));

/** Instructions, an octet of 1 KiB or an operation: 130, 95, 55, 1.2 M, 2.2 M, 2.4 M and 2.0 M are what C of others takes, or little less. */
const LIMITS: Record<string, number> = {
  keccak256_per_byte: 130,
  sha256_per_byte: 95,
  chacha20poly1305_per_byte: 55,
  sign: 1_200_000,
  verify: 2_200_000,
  recover: 2_400_000,
  ecdh: 2_000_000,
  route_lookup: 150,
};

suite('costs on RV32', () => {
  test('every figure within its limit, the arena within 10 KB', async () => {
    const { counts, memory } = await measureRv32(await buildKernels());
    assert.deepEqual(FIGURES, Object.keys(LIMITS));
    for (const [name, limit] of Object.entries(LIMITS)) assert.ok(counts[name]! > 0 && counts[name]! <= limit, `${name}: ${counts[name]}`);
    for (const { name, code, ram } of memory) {
      assert.ok(code > 1000, `${name} has no code`);
      // The arena of 10,240, and a few words beside it.
      assert.ok(ram <= 10_240 + 64, `${name}: ${ram} octets of RAM`);
    }
  });

  test('a wrong result is no figure, and a slower kernel shows', async () => {
    const built = await buildKernels();
    const faulty = await buildVariant({
      edits: [
        { file: 'sha256.ts', from: '0x428a2f98', to: '0x428a2f99' },
        { file: 'keccak256.ts', from: '  permute(context);', to: '  permute(context);\n  permute(KECCAK_RUNNING);' },
        { file: 'keccak256.ts', from: 'import { KECCAK_SCRATCH,', to: 'import { KECCAK_RUNNING, KECCAK_SCRATCH,' },
      ],
    });
    try {
      const image = (kernel: string, kernels = built) => buildImage(join(bench, `${kernel}.c`), { kernels });
      await assert.rejects(async () => runImage(await image('sha256', faulty)), /wrong: sha256 of 1 KiB/);
      const honest = await runImage(await image('keccak256'));
      const slow = await runImage(await image('keccak256', faulty));
      assert.ok(slow['keccak256_1024']! > 1.8 * honest['keccak256_1024']!, `${slow['keccak256_1024']} against ${honest['keccak256_1024']}`);
    } finally {
      await faulty.remove();
    }
  });

  test('an image that does not end is stopped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'meshbox-bench-'));
    try {
      const source = join(folder, 'endless.c');
      await writeFile(source, 'int main(void) {\n  for (;;) __asm__ volatile("");\n}\n');
      const kernels = await buildKernels();
      const elf = await buildImage(source, { kernels });
      await assert.rejects(runImage(elf, { seconds: 2 }), /no end in 2 s/);
      assert.deepEqual(await sizes(elf, kernels), { code: 0, ram: 0 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
