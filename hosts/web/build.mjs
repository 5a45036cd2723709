/**
 * Builds the pages into .build/web, where the daemon serves them. Cached: nothing is done while the sources, this file and the
 * package lock are the same.
 *
 *   node hosts/web/build.mjs        builds and prints the sizes
 */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../', import.meta.url));
const source = join(root, 'hosts/web/console');
const output = join(root, '.build/web/console');
const stamp = join(root, '.build/web/console.json');

/** The first load of the console must stay below this many octets, each file compressed by gzip -9: a phone on a poor link opens it too. */
export const firstLoadLimit = 60_000;

/**
 * @typedef {object} BuiltFile
 * @property {string} name
 * @property {number} octets
 * @property {number} gzip octets after gzip -9
 *
 * @typedef {object} BuiltWeb
 * @property {string} key hash of all that went in
 * @property {string} folder
 * @property {readonly BuiltFile[]} files
 * @property {number} gzip sum over the files
 */

/**
 * Builds the console page unless it is built already. Fails with esbuild's message if the sources don't build.
 * @param {{ log: (line: string) => void }} options
 * @returns {Promise<BuiltWeb>}
 */
export async function buildWeb({ log }) {
  const key = hashOf([fileURLToPath(import.meta.url), join(root, 'package-lock.json'), ...filesBelow(source)]);
  const known = existsSync(stamp) && existsSync(join(output, 'index.html')) ? JSON.parse(readFileSync(stamp, 'utf8')) : undefined;
  if (known?.key === key) return known;
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  await build({
    entryPoints: [
      { in: join(source, 'main.tsx'), out: 'main' },
      { in: join(source, 'style/main.css'), out: 'main' },
    ],
    outdir: output,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2018',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
  });
  cpSync(join(source, 'index.html'), join(output, 'index.html'));
  const made = { key, folder: output, ...sizes() };
  writeFileSync(stamp, JSON.stringify(made));
  log(`console page: ${made.gzip} octets compressed (limit ${firstLoadLimit})`);
  return made;
}

/** Octets as they are and compressed, of each file and of all. */
function sizes() {
  const files = readdirSync(output).map((name) => {
    const octets = readFileSync(join(output, name));
    return { name, octets: octets.length, gzip: gzipSync(octets, { level: 9 }).length };
  });
  return { files, gzip: files.reduce((sum, file) => sum + file.gzip, 0) };
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, gzip } = await buildWeb({ log: () => {} });
  console.table(files);
  console.log(`first load: ${gzip} octets compressed, limit ${firstLoadLimit}`);
}
