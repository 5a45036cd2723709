/** Runs forge over `test/contracts/sol`, if its optional package is installed, on code that the caller gives. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const binary = join(root, 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge');
export const noForge = existsSync(binary) ? false : '@foundry-rs/forge-linux-amd64 is not installed: fuzzing and invariants left out';

/** Longest run seen on two slow cores with seven neighbours: 110 s. */
const LIMIT = 400_000;

export interface ForgeTest {
  readonly passed: boolean;
  readonly reason: string;
}

/** Outcome by test name of one test contract. */
export async function forgeTest(contract: string, environment: Record<string, string>): Promise<Record<string, ForgeTest>> {
  const child = spawn(binary, ['test', '--root', '.', '--match-contract', `^${contract}$`, '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FOUNDRY_CONFIG: 'test/contracts/foundry.toml', ...environment },
    timeout: LIMIT,
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const suites = parse(output);
  if (suites === undefined) throw new Error(`forge gave no result:\n${output}\n${errors}`);
  const outcomes = Object.values(suites).flatMap(({ test_results }) => Object.entries(test_results));
  return Object.fromEntries(
    outcomes.map(([name, { status, reason }]) => [name.replace(/\(.*/, ''), { passed: status === 'Success', reason: reason ?? '' }]),
  );
}

interface Suite {
  readonly test_results: Record<string, { readonly status: string; readonly reason?: string | null }>;
}

function parse(output: string): Record<string, Suite> | undefined {
  const line = output.split('\n').find((each) => each.startsWith('{'));
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, Suite>);
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
