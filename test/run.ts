/**
 * `npm test [-- WORD ...]`: set-up, builds, then every test file whose path holds one of the words, on Node's test runner. Without words all but the
 * emulator's, which take minutes and have a script of their own.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureReady } from '../hosts/cli/setup/ready.js';

const words = process.argv.slice(2);

await ensureReady('test', (line) => console.log(line));
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(
    (file) => file.endsWith('.test.ts') && (words.length === 0 ? !file.startsWith('emulator') : words.some((word) => file.includes(word))),
  )
  .map((file) => join('test', file))
  .sort();
if (files.length === 0) {
  console.error(`npm test: no test file's path holds ${words.map((word) => `«${word}»`).join(' or ')}.`);
  process.exit(2);
}
console.log(`test: ${files.length} files on Node ${process.versions.node}`);
const run = spawn(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=spec', '--test-concurrency=2', ...files], {
  stdio: 'inherit',
});
run.on('exit', (code) => process.exit(code ?? 1));
