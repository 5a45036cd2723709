/** The kernels' internals, by as-pect: every spec passes, and one that does not is seen. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const SETTINGS = ['--config', 'assembly/test/as-pect.config.mjs', '--as-config', 'assembly/test/asconfig.json', '--no-logo'];

async function specs(entries?: string): Promise<{ passed: number; tests: number }> {
  // as-pect's own program, not its launcher, which answers with the code of a failed start and none of its words.
  const program = 'node_modules/@as-pect/cli/lib/test.js';
  const options = { cwd: project, timeout: 240_000, env: { ...process.env, FORCE_COLOR: '0', ...(entries && { ASPECT_SPECS: entries }) } };
  const { stdout } = await run(process.execPath, ['--no-warnings', program, ...SETTINGS], options).catch(
    (error) => error as { stdout: string },
  );
  const found = /\[Tests\]: (\d+) \/ (\d+)/.exec(stdout);
  assert.ok(found, `as-pect ended without a summary:\n${stdout.slice(-2000)}`);
  return { passed: Number(found[1]), tests: Number(found[2]) };
}

test('every spec passes', async () => {
  const { passed, tests } = await specs();
  assert.equal(passed, tests);
  assert.ok(tests > 0, 'no spec ran');
});

test('a failing spec is seen', async () => {
  assert.deepEqual(await specs('assembly/test/faults/*.spec.ts'), { passed: 0, tests: 1 });
});

test('specs leave the arena alone', async () => {
  // What as-pect puts into memory starts where the kernels' constants do.
  const { options } = JSON.parse(await readFile(`${project}/assembly/test/asconfig.json`, 'utf8')) as { options: { memoryBase: number } };
  const arena = /export const ARENA: usize = (\d+);/.exec(await readFile(`${project}/assembly/kernels/memory.ts`, 'utf8'));
  assert.equal(options.memoryBase, Number(arena![1]));
});
