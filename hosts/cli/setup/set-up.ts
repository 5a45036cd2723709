/**
 * Set-up: brings a fresh machine to where a job can run. Each step says what it does, does nothing when there is nothing to do,
 * and on failure names the command that a person can run instead.
 */
import { spawnSync } from 'node:child_process';
import { aptCommand, needs, type Need } from './needs.mjs';

export type Goal = 'start' | 'test';

/** A problem that a person can mend: printed without a stack trace. */
export class SetUpError extends Error {}

/** Install what the goal needs from Debian, or say how. */
export function ensureSystemPackages(goal: Goal, log: (line: string) => void): void {
  const missing = missingFor(goal);
  if (missing.length === 0) return;
  const command = aptCommand(missing);
  for (const need of missing) log(`set-up: missing ${need.id}: ${need.says}`);
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new SetUpError(`these system packages are missing. Run this as root, then try again:\n  ${command}`);
  }
  log(`set-up: ${command}`);
  for (const step of ['apt-get update -q', command]) {
    const [program, ...args] = step.split(' ');
    const run = spawnSync(program!, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8' });
    if (run.status !== 0) throw new SetUpError(`\`${step}\` failed:\n${run.stderr.trim()}`);
  }
  const still = missingFor(goal);
  if (still.length > 0) throw new SetUpError(`still missing after installation: ${still.map((need) => need.id).join(', ')}`);
}

function missingFor(goal: Goal): Need[] {
  return needs.filter((need) => need.goals.includes(goal) && need.check() === undefined);
}
