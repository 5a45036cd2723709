/** Each guard of the kernels' build and border, shown a planted fault. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { buildKernels, checkModule, checkSources, KernelBuildError } from '../../assembly/build.mjs';
import { startCKernels } from './c-kernels.js';
import { buildVariant } from './kernels-variant.js';

/** What the build says to a kernel of these lines. */
async function verdict(lines: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-guards-'));
  try {
    await writeFile(join(folder, 'memory.ts'), 'export const ARENA: usize = 1024;\n');
    await writeFile(join(folder, 'index.ts'), lines);
    await buildKernels({ directory: folder, target: join(folder, 'out') });
    return 'built';
  } catch (error) {
    if (error instanceof KernelBuildError) return error.message;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

suite('the build refuses', () => {
  test('nothing in a plain kernel', async () => {
    assert.equal(await verdict('export function f(): void {\n  store<u32>(0, load<u32>(4));\n}\n'), 'built');
  });

  test('a source that imports from outside the kernels', () => {
    const source = (specifier: string) => [{ name: 'planted.ts', text: `import { x } from '${specifier}';` }];
    for (const specifier of ['../wasm/kernels', 'assemblyscript/std', './deep/er', 'node:fs'])
      assert.throws(() => checkSources(source(specifier)), KernelBuildError, specifier);
    assert.throws(() => checkSources([{ name: 'planted.ts', text: "import '../wasm/kernels';" }]), KernelBuildError);
    checkSources(source('./sha256'));
  });

  test('a wasm module with an import', async () => {
    // (module (import "env" "now" (func)))
    const planted = Buffer.from('0061736d01000000010401600000020b0103656e76036e6f770000', 'hex');
    assert.throws(() => checkModule('planted', planted), /planted\.wasm imports env\.now/);
    const imported = "@external('env', 'now')\ndeclare function now(): u32;\nexport function f(): u32 {\n  return now();\n}\n";
    assert.match(await verdict(imported), /imports env\.now/);
  });

  test('state outside linear memory', async () => {
    const counter = 'let count: u32 = 0;\nexport function f(): u32 {\n  count += 1;\n  return count;\n}\n';
    assert.match(await verdict(counter), /state outside linear memory/);
  });

  test('recursion', async () => {
    const recursive = 'export function f(n: u32): u32 {\n  return load<u32>(n) < n ? f(n - 3) + f(n - 1) : 1;\n}\n';
    assert.match(await verdict(recursive), /recurses: .*mb_wasm_f > mb_wasm_f/);
  });

  test('AssemblyScript that does not compile, saying where', async () => {
    assert.match(await verdict('export function f(): void {\n  nowhere();\n}\n'), /nowhere[\s\S]*index\.ts/);
  });
});

suite('the border', () => {
  test('a kernel that leaves its memory answers a code, and the next call works', async () => {
    // A result and a slot outside their memory: a wasm page of 64 KiB hides the first, C must not.
    const edits = [
      { file: 'memory.ts', from: 'export const OUT: usize = TAG + 16;', to: 'export const OUT: usize = 10212;' },
      { file: 'memory.ts', from: 'export const INPUT: usize = (OUT + 32 + 7) & ~7;', to: 'export const INPUT: usize = 2048;' },
      { file: 'route-table.ts', from: 'changetype<Slot>(table + at)', to: 'changetype<Slot>(table + at + 0x100000)' },
    ];
    const variant = await buildVariant({ edits });
    const { kernels, close } = await startCKernels({ built: variant });
    try {
      assert.throws(() => kernels.sha256(new Uint8Array(32), new Uint8Array(3)), { code: 'kernel-trapped' });
      kernels.hashStart('sha256');
      kernels.hashUpdate(new Uint8Array(3));
      const table = kernels.routeTable({ capacity: 4, hold: 9 });
      assert.throws(() => table.lookup(new Uint8Array(8), 0, -1), { code: 'kernel-trapped' });
      assert.equal(table.size(), 0);
    } finally {
      close();
      await variant.remove();
    }
  });

  test('the sanitisers see one octet too far', async () => {
    const { kernels, close } = await startCKernels({ defines: ['-DFAKE_EXCESS=1'] });
    try {
      kernels.hashStart('sha256');
      assert.throws(() => kernels.hashUpdate(new Uint8Array(new ArrayBuffer(40))), /heap-buffer-overflow/);
    } finally {
      close();
    }
  });
});
