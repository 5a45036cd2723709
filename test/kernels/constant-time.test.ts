/**
 * Public key, signature and shared point are constant time in the secret. Over 200 random secrets, the same in every one are: the order of
 * all accesses to linear memory and of all basic blocks (instrumented C), and the count of instructions (RV32 in the emulator). That the
 * checks bark is shown with two faults planted in the kernels' source: a branch on a secret, and a table indexed by one.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildKernels } from '../../assembly/build.mjs';
import { buildImage, runImage } from '../../assembly/bench/rv32.mjs';
import { buildVariant, type Edit, type Variant } from './kernels-variant.js';

const run = promisify(execFile);
const traceFolder = fileURLToPath(new URL('trace', import.meta.url));
const JOBS = ['public_key', 'sign', 'ecdh'] as const;
const SECRETS = 200;
/** A fault shows within a few. */
const FEW = 8;
const SEED = 29;

const branch: Edit = {
  file: 'secret-lookup.ts',
  from: 'negateIf(PICK + 32, PICK + 32, P, minus);',
  to: 'if (minus) negateIf(PICK + 32, PICK + 32, P, minus);',
};
const index: Edit = {
  file: 'secret-lookup.ts',
  from: 'for (let i: u32 = 0; i < ENTRIES; i += 1) {',
  to: 'x += stride * index; y += stride * index;\n  for (let i: u32 = index; i <= index; i += 1) {',
};

type Products = Pick<Variant, 'output' | 'include' | 'sources' | 'cflags'>;
const variants = new Map<Edit, Variant>();
after(() => Promise.all([...variants.values()].map((variant) => variant.remove())));

async function faulty(edit: Edit): Promise<Variant> {
  const variant = variants.get(edit) ?? (await buildVariant({ edits: [edit] }));
  variants.set(edit, variant);
  return variant;
}

/** The instrumented program of these kernels. */
async function traced(kernels: Products): Promise<string> {
  const program = join(kernels.output, 'trace');
  const include = [traceFolder, ...kernels.include].map((path) => `-I${path}`);
  const objects = [];
  for (const source of [join(traceFolder, 'trace.c'), ...kernels.sources]) {
    const object = join(kernels.output, `trace-${objects.length}.o`);
    const instrument = objects.length === 0 ? [] : ['-fsanitize-coverage=trace-pc'];
    await run('cc', ['-std=gnu11', '-O2', ...instrument, ...include, '-c', source, '-o', object]);
    objects.push(object);
  }
  await run('cc', [...objects, '-o', program]);
  return program;
}

/** Different traces of a job, and different results. */
async function traces(program: string, job: string, secrets: number): Promise<{ traces: Set<string>; results: Set<string> }> {
  const { stdout } = await run(program, [job, String(secrets), String(SEED)], { maxBuffer: 1 << 24, timeout: 120_000 });
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, secrets);
  const cut = lines.map((line) => line.lastIndexOf(' '));
  return {
    traces: new Set(lines.map((line, i) => line.slice(0, cut[i]))),
    results: new Set(lines.map((line, i) => line.slice(cut[i]))),
  };
}

suite('constant time', () => {
  test(`the trace of addresses and blocks is one over ${SECRETS} secrets`, async () => {
    const program = await traced(await buildKernels());
    for (const job of JOBS) {
      const found = await traces(program, job, SECRETS);
      assert.equal(found.results.size, SECRETS, `${job}: secrets repeat`);
      assert.equal(found.traces.size, 1, `${job}: ${found.traces.size} traces (seed ${SEED})`);
      const [, accesses, blocks] = [...found.traces][0]!.split(' ').map(Number);
      assert.ok(accesses! > 50_000 && blocks! > 5_000, `${job} is not instrumented: ${accesses} accesses, ${blocks} blocks`);
    }
  });

  for (const [fault, edit] of Object.entries({ 'branch on a secret': branch, 'table indexed by a secret': index }))
    test(`a ${fault} is seen in the trace`, async () => {
      const program = await traced(await faulty(edit));
      for (const job of JOBS) assert.ok((await traces(program, job, FEW)).traces.size > 1, job);
    });

  test(`RV32 takes one count of instructions over ${SECRETS} secrets, and another with a branch on a secret`, async () => {
    const counts = async (kernels: Products, name: string): Promise<Record<string, number>> =>
      runImage(await buildImage(join(traceFolder, 'counts.c'), { kernels, name })) as Promise<Record<string, number>>;
    const found = await counts(await buildKernels(), 'constant-time');
    for (const job of JOBS) assert.equal(found[`${job}_least`], found[`${job}_most`], job);
    const wrong = await counts(await faulty(branch), 'constant-time-faulty');
    for (const job of JOBS) assert.notEqual(wrong[`${job}_least`], wrong[`${job}_most`], job);
  });
});
