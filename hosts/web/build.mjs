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
const web = join(root, 'hosts/web');
const target = join(root, '.build/web');

/** Entry points of each page: the operator's console and the phone app. */
const pages = {
  console: { script: 'main.tsx', style: 'style/main.css' },
  app: { script: 'main.tsx', style: 'main.css' },
};

/** The first load of a page must stay below this many octets, each file compressed by gzip -9: a phone on a poor link opens it too. */
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
 * Builds a page unless it is built already. Fails with esbuild's message if the sources don't build.
 * @param {{ page?: 'console' | 'app', log: (line: string) => void }} options
 * @returns {Promise<BuiltWeb>}
 */
export async function buildWeb({ page = 'console', log }) {
  const [source, output, stamp] = [join(web, page), join(target, page), join(target, `${page}.json`)];
  const { script, style } = pages[page];
  // A page may take in what it shares with the other, with the box and with core.
  const shared = [
    'hosts/web/console/style',
    'hosts/box/access',
    'hosts/box/api',
    'firmware/core/crypto',
    'firmware/core/base',
    'firmware/core/link',
  ].map((folder) => join(root, folder));
  const key = hashOf([fileURLToPath(import.meta.url), join(root, 'package-lock.json'), ...[source, ...shared].flatMap(filesBelow)]);
  const known = existsSync(stamp) && existsSync(join(output, 'index.html')) ? JSON.parse(readFileSync(stamp, 'utf8')) : undefined;
  if (known?.key === key) return known;
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  await build({
    entryPoints: [
      { in: join(source, script), out: 'main' },
      { in: join(source, style), out: 'main' },
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
    // Numbers of 256 bits: the one thing beyond ES2018 that the app's keys need (Chromium 67, Firefox 68, Safari 14).
    supported: { bigint: true },
  });
  cpSync(join(source, 'index.html'), join(output, 'index.html'));
  const made = { key, folder: output, ...sizes(output) };
  writeFileSync(stamp, JSON.stringify(made));
  log(`${page} page: ${made.gzip} octets compressed (limit ${firstLoadLimit})`);
  return made;
}

/** Octets as they are and compressed, of each file and of all. */
function sizes(folder) {
  const files = readdirSync(folder).map((name) => {
    const octets = readFileSync(join(folder, name));
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
  for (const page of /** @type {const} */ (['console', 'app'])) {
    const { files, gzip } = await buildWeb({ page, log: () => {} });
    console.table(files);
    console.log(`first load of the ${page}: ${gzip} octets compressed, limit ${firstLoadLimit}`);
  }
}
