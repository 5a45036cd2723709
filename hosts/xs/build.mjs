/**
 * Builds the XS host: the engine's C sources (from @agoric/xsnap) and ours, into `.build/xs/`, and bundles JavaScript for it.
 * Every object is kept under the hash of what it was made from, so a second run compiles nothing.
 *
 *   node hosts/xs/build.mjs                        build the executable
 *   node hosts/xs/build.mjs --bundle entry.ts out  bundle one entry
 */
import { build as esbuild } from 'esbuild';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildKernels } from '../../assembly/build.mjs';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const outputs = join(root, '.build/xs');
const xs = join(dirname(createRequire(import.meta.url).resolve('@agoric/xsnap/package.json')), 'moddable/xs');

/** Engine sources that a board leaves out as well: hardening, profiler, snapshots. */
const unused = new Set(['xsLockdown.c', 'xsProfile.c', 'xsSnapshot.c']);

/** Linux is one platform; a sibling build names the files of another. */
const hostSources = [
  'engine.c',
  'program.c',
  'flash.c',
  'host-object.c',
  'inbox.c',
  'linux-main.c',
  'linux-air.c',
  'linux-serial.c',
  'linux-store.c',
];

const engineFlags = [
  '-DINCLUDE_XSPLATFORM',
  '-DXSPLATFORM="xs-platform.h"',
  '-DmxRun=1',
  '-DmxParse=1',
  '-DmxBoundsCheck=1', // without it a full XS stack crashes instead of ending the machine
  '-DmxMetering=1',
  '-DmxNoConsole=1',
  '-fno-common',
];
const optimise = ['-O2', '-std=gnu11', '-fno-strict-aliasing'];
/** 16-octet slots like a board's; SSE2 so that doubles round as IEEE 754 says and not as an 80387 does. */
const narrow = ['-m32', '-msse2', '-mfpmath=sse'];
/** The engine's sources are not ours to make warning-free; ours are. */
const foreignWarnings = ['-w'];
const ownWarnings = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Wno-missing-field-initializers'];

const sha256 = (...parts) =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 32);

/** One small program decides whether the compiler can make 32-bit executables here; asked once per compiler. */
async function wordFlags(cc, version) {
  const answer = join(outputs, `word-${sha256(cc, version)}`);
  if (existsSync(answer)) return (await readFile(answer, 'utf8')) === '32' ? narrow : [];
  const probe = `${answer}.${process.pid}`;
  await writeFile(`${probe}.c`, '#include <stdio.h>\nint main(void) { return sizeof(void*) == 4 && puts("32") >= 0 ? 0 : 1; }\n');
  let word = narrow;
  try {
    await run(cc, [...narrow, `${probe}.c`, '-o', probe]);
    await run(probe);
  } catch {
    word = [];
  }
  await writeFile(answer, word.length > 0 ? '32' : '64');
  await Promise.all([`${probe}.c`, probe].map((path) => rm(path, { force: true })));
  return word;
}

/** profiles.json as the initialiser that linux-main.c includes. */
async function writeProfiles() {
  const profiles = JSON.parse(await readFile(join(here, 'profiles.json'), 'utf8'));
  const lines = Object.entries(profiles).map(([name, p]) => `{ "${name}", ${p.chunk}, ${p.slots}, ${p.stack}, ${p.keys}, ${p.cStack} },\n`);
  const path = join(outputs, 'profiles.inc');
  const text = lines.join('');
  if (!existsSync(path) || (await readFile(path, 'utf8')) !== text) await writeFile(path, text);
}

async function list(folder, pattern) {
  if (!existsSync(folder)) return [];
  return (await readdir(folder))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Builds the executable if anything it is made from has changed.
 * @param {{ log?: (line: string) => void }} options
 * @returns {Promise<{ executable: string, bits: 32 | 64, compiled: number }>} `compiled`: sources that were stale
 */
export async function buildXs({ log = () => {} } = {}) {
  await mkdir(join(outputs, 'objects'), { recursive: true });
  const cc = process.env.CC ?? 'gcc';
  const { stdout: version } = await run(cc, ['--version']).catch(() => {
    throw new Error(`the C compiler '${cc}' was not found: install it (Debian: apt-get install gcc gcc-multilib)`);
  });
  await writeProfiles();
  const word = await wordFlags(cc, version);
  const bits = word.length > 0 ? 32 : 64;
  if (bits === 64)
    log("xs: this compiler makes no 32-bit programs (Debian: gcc-multilib); built for 64 bits: memory figures are not a board's");

  const kernels = await buildKernels({ log });
  const binding = join(root, 'assembly/native/mb_kernels_xs.c'); // defines `kernelsDefine` of host/kernels.h
  const engine = (await list(join(xs, 'sources'), /\.c$/)).filter((path) => !unused.has(basename(path)));
  const own = [...hostSources.map((name) => join(here, 'host', name)), binding];
  const includes = [join(xs, 'includes'), join(xs, 'platforms'), join(xs, 'sources'), join(here, 'host'), outputs, ...kernels.include].map(
    (path) => `-I${path}`,
  );
  const headers = [
    ...(await list(join(xs, 'includes'), /\.h$/)),
    ...(await list(join(xs, 'platforms'), /\.h$/)),
    ...(await list(join(xs, 'sources'), /\.h$/)),
  ];
  const ownHeaders = [
    ...headers,
    ...(await list(join(here, 'host'), /\.h$/)),
    ...(await Promise.all(kernels.include.map((folder) => list(folder, /\.h$/)))).flat(),
    join(outputs, 'profiles.inc'),
  ];
  const platform = join(here, 'host/xs-platform.h');
  const contents = new Map();
  for (const path of new Set([...engine, ...own, ...kernels.sources, ...ownHeaders])) contents.set(path, await readFile(path));
  const hashOf = (flags, paths) => sha256(version, flags.join(' '), ...paths.map((path) => contents.get(path)));

  const common = [...word, ...optimise, ...engineFlags];
  const engineHeaders = sha256(...[...headers, platform].map((path) => contents.get(path)));
  const jobs = [
    ...engine.map((path) => {
      // The one hook into the engine: what it would report after each collection is how the host learns what is live (engine.c).
      const hook = basename(path) === 'xsMemory.c' ? ['-DmxReport=1', '-DfxReport=engineMemoryReport'] : [];
      const flags = [...common, ...hook, ...foreignWarnings];
      return { path, flags, hash: sha256(hashOf(flags, [path]), engineHeaders) };
    }),
    ...[...own, ...kernels.sources].map((path) => {
      const flags = kernels.sources.includes(path) ? [...word, ...kernels.cflags] : [...common, ...ownWarnings];
      return { path, flags, hash: hashOf(flags, [path, ...ownHeaders]) };
    }),
  ].map((job) => ({ ...job, object: join(outputs, 'objects', `${basename(job.path, '.c')}-${job.hash}.o`) }));

  const stale = jobs.filter((job) => !existsSync(job.object));
  const total = stale.length;
  let finished = 0;
  const compile = async () => {
    for (let job = stale.shift(); job; job = stale.shift()) {
      const partial = `${job.object}.${process.pid}`;
      const { stderr } = await run(cc, [...job.flags, ...includes, '-c', job.path, '-o', partial]);
      if (stderr) log(stderr.trimEnd());
      await rename(partial, job.object);
      finished += 1;
      log(`xs: compiled ${finished}/${total} ${basename(job.path)}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, compile));

  const executable = join(outputs, `host-${sha256(...jobs.map((job) => job.object))}`);
  if (!existsSync(executable)) {
    await run(cc, [...word, ...jobs.map((job) => job.object), '-lm', '-o', `${executable}.${process.pid}`]);
    await rename(`${executable}.${process.pid}`, executable);
  }
  log(`xs: ${bits}-bit host ${relative(root, executable)}${total > 0 ? '' : ' (nothing to compile)'}`);
  return { executable, bits, compiled: total };
}

/**
 * Bundles one entry and everything it imports into a program whose value is the entry's exports. No platform: an import of a Node
 * module is an error.
 * @param {{ entry?: string, source?: string, output: string }} options `source`: text of the entry instead of its path
 */
export async function bundleForXs({ entry, source, output }) {
  await mkdir(dirname(output), { recursive: true });
  const result = await esbuild({
    ...(source === undefined ? { entryPoints: [entry] } : { stdin: { contents: source, resolveDir: root, loader: 'ts' } }),
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'bundle',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: '(() => {"use strict";' },
    footer: { js: 'return bundle; })()' },
    logLevel: 'silent',
  });
  await writeFile(`${output}.${process.pid}`, result.outputFiles[0].contents);
  await rename(`${output}.${process.pid}`, output);
}

/** Bundles the board's firmware, board/main.ts; answers the bundle's path. */
export async function bundleFirmware() {
  const output = join(outputs, 'firmware.js');
  await bundleForXs({ entry: join(here, 'board/main.ts'), output });
  return output;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, entry, output] = process.argv.slice(2);
  if (option === '--bundle') await bundleForXs({ entry, output });
  else await buildXs({ log: (line) => console.log(line) });
}
