/**
 * `npm run check`: types of every zone, lint, format, freshness of the generated codecs. Prints a line per check and fails if one did.
 */
import { spawnSync } from 'node:child_process';

const checks: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ...['firmware/core', 'assembly', 'hosts', 'hosts/xs/board', 'hosts/web', 'test'].map(
    (zone) => [`types of ${zone}`, 'tsc', '-p', zone] as const,
  ),
  ['lint', 'eslint', '-c', 'test/arch/eslint.config.mjs', '.'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['generated codecs', 'node', 'firmware/core/wire/generate.mjs', '--check'],
];

let failed = 0;
for (const [name, program, ...args] of checks) {
  const command = program === 'node' ? process.execPath : `node_modules/.bin/${program}`;
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  console.log(`${status === 0 ? 'passed' : 'FAILED'}  ${name}`);
  if (status !== 0) {
    failed += 1;
    console.log(`${stdout}${stderr}`.trim());
  }
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
