/**
 * First step of every npm script: make sure that the npm packages are those of the lock file, then become a TypeScript entry.
 *
 *   node hosts/cli/setup/bootstrap.mjs ENTRY [ARGUMENT ...]
 *
 * Plain JavaScript without dependencies, because on a fresh clone nothing is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const stamp = join(root, 'node_modules', '.meshbox-lock');

function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('set-up: npm packages of package-lock.json …');
  // The npm that runs this script: node_modules/.bin, which a script finds first, holds an old one that a dependency brings along.
  const [program, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const npm = spawnSync(program, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (npm.status !== 0) {
    console.error('set-up: npm ci failed. Is the npm registry reachable? Run `npm ci` to see why, then try again.');
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(`set-up: MeshBox needs Node 20 or later, this is ${process.versions.node}. Install a newer Node and try again.`);
  process.exit(1);
}
installPackages();
const entry = process.argv[2];
process.argv.splice(1, 2, join(root, entry));
process.chdir(root);
const { register } = await import('tsx/esm/api');
register();
await import(pathToFileURL(process.argv[1]).href);
