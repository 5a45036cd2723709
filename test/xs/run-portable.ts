/**
 * Runs the portable suites (test/portable/*.ts) on XS and on Node, from one and the same bundle, and prints what failed and the counts.
 *
 *   node --import tsx test/xs/run-portable.ts [xs|node]
 */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import type { Outcome } from '../portable/harness.js';
import { buildXs, bundleForXs } from '../../hosts/xs/build.mjs';

export type Engine = 'xs' | 'node';
export interface Tally {
  readonly engine: Engine;
  readonly passed: number;
  readonly failures: readonly Outcome[];
}

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const standardFolder = join(root, 'test/portable');

/** Bundles every suite of a folder with the harness; answers the bundle's path. */
export async function bundleSuites(folder = standardFolder, output = join(root, '.build/xs/portable.js')): Promise<string> {
  const suites = (await readdir(folder)).filter((name) => name.endsWith('.ts') && name !== 'harness.ts').sort();
  const source = [
    `import { runAll } from ${JSON.stringify(join(standardFolder, 'harness.ts'))};`,
    ...suites.map((name) => `import ${JSON.stringify(join(folder, name))};`),
    'export function run(host) { runAll((outcome) => host.log(JSON.stringify(outcome))); return 0; }',
  ].join('\n');
  await bundleForXs({ source, output });
  return output;
}

/** Runs a bundle of suites on one engine. An engine that ends before the last test is an error, not a short count. */
export async function runSuites(engine: Engine, bundle: string): Promise<Tally> {
  const failures: Outcome[] = [];
  let passed = 0;
  const report = (line: string): void => {
    const outcome = JSON.parse(line) as Outcome;
    if (outcome.failure === undefined) passed += 1;
    else failures.push(outcome);
  };
  if (engine === 'node') {
    const exports = new Script(await readFile(bundle, 'utf8')).runInThisContext() as { run(host: object): number };
    exports.run({ log: report });
  } else await runOnXs(bundle, report);
  return { engine, passed, failures };
}

async function runOnXs(bundle: string, line: (line: string) => void): Promise<void> {
  const { executable } = await buildXs();
  const child = spawn(executable, ['--run', bundle], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('close', done));
  for await (const text of createInterface({ input: child.stdout })) line(text);
  const code = await ended;
  if (code !== 0) throw new Error(`the portable suites ended on XS with exit code ${String(code)}`);
}

export function describe(tally: Tally): string {
  const failed = tally.failures.map(({ suite, test, failure }) => `  ${tally.engine}: ${suite} › ${test}: ${failure}\n`).join('');
  return `${failed}portable suites on ${tally.engine}: ${tally.passed} passed, ${tally.failures.length} failed`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bundle = await bundleSuites();
  const engines = process.argv[2] === undefined ? (['node', 'xs'] as const) : [process.argv[2] as Engine];
  for (const engine of engines) {
    const tally = await runSuites(engine, bundle);
    console.log(describe(tally));
    if (tally.failures.length > 0) process.exitCode = 1;
  }
}
