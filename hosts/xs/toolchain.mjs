/**
 * Compiles the XS engine (C sources of @agoric/xsnap), the platform-neutral host and the kernels for one target, and links them. A target is a
 * small description (build.mjs). Every object is kept under the hash of what it was made from, so a second run compiles nothing.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildKernels } from '../../assembly/build.mjs';

export const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, '../..');
export const outputs = join(root, '.build/xs');
const xs = join(dirname(createRequire(import.meta.url).resolve('@agoric/xsnap/package.json')), 'moddable/xs');

/** Engine sources that a board leaves out as well: hardening, profiler, snapshots. */
const unused = new Set(['xsLockdown.c', 'xsProfile.c', 'xsSnapshot.c']);

/** The host on every platform. */
const neutralSources = ['engine.c', 'program.c', 'flash.c', 'host-object.c', 'inbox.c', 'jobs.c'];

const engineFlags = [
  '-DINCLUDE_XSPLATFORM',
  '-DXSPLATFORM="xs-platform.h"',
  '-DmxRun=1',
  '-DmxParse=1',
  '-DmxBoundsCheck=1', // without it a full XS stack crashes instead of ending the machine
  '-DmxNoConsole=1',
  '-fno-common',
];
const optimise = ['-O2', '-std=gnu11', '-fno-strict-aliasing'];
/** The engine's sources are not ours to make warning-free; ours are. */
const foreignWarnings = ['-w'];
const ownWarnings = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Wno-missing-field-initializers'];

export const sha256 = (...parts) =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 32);

/** profiles.json as the initialisers that the platforms' main files include. */
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

/** The first lines of `cc --version`; its absence is said with what to install. */
export async function compilerVersion(cc, packages) {
  const { stdout } = await run(cc, ['--version']).catch(() => {
    throw new Error(`the C compiler '${cc}' was not found: install it (Debian: apt-get install ${packages})`);
  });
  return stdout;
}

/**
 * @typedef {object} Target
 * @property {string} cc
 * @property {string} version what the compiler says it is: part of every hash
 * @property {readonly string[]} machine flags that choose the machine, for compiling and linking
 * @property {readonly string[]} [engine] flags of the engine and the host
 * @property {readonly string[]} [interpreter] flags of xsRun.c alone
 * @property {readonly string[]} sources of host/ beside the neutral ones
 * @property {readonly string[]} link flags of the link alone
 * @property {readonly string[]} [linkInputs] files that the link reads beside the objects
 * @property {string} name of the program
 */

/**
 * Builds the program if anything it is made from has changed.
 * @param {Target} target
 * @returns {Promise<{ program: string, compiled: number }>} `compiled`: sources that were stale
 */
export async function buildProgram(
  { cc, version, machine, engine: chosen = [], interpreter = [], sources, link, linkInputs = [], name },
  log,
) {
  await mkdir(join(outputs, 'objects'), { recursive: true });
  await writeProfiles();
  const kernels = await buildKernels({ log });
  const engine = (await list(join(xs, 'sources'), /\.c$/)).filter((path) => !unused.has(basename(path)));
  // kernels.binding defines `kernelsDefine` of host/kernels.h.
  const own = [...[...neutralSources, ...sources].map((file) => join(here, 'host', file)), kernels.binding];
  const folders = [join(xs, 'includes'), join(xs, 'platforms'), join(xs, 'sources')];
  const includes = [...folders, join(here, 'host'), outputs, ...kernels.include].map((path) => `-I${path}`);
  const headers = (await Promise.all(folders.map((folder) => list(folder, /\.h$/)))).flat();
  const ownHeaders = [
    ...headers,
    ...(await Promise.all([join(here, 'host'), ...kernels.include].map((folder) => list(folder, /\.h$/)))).flat(),
    join(outputs, 'profiles.inc'),
  ];
  const platform = join(here, 'host/xs-platform.h');
  const contents = new Map();
  for (const path of new Set([...engine, ...own, ...kernels.sources, ...ownHeaders, ...linkInputs]))
    contents.set(path, await readFile(path));
  const hashOf = (flags, paths) => sha256(version, flags.join(' '), ...paths.map((path) => contents.get(path)));

  const common = [...machine, ...optimise, ...engineFlags, ...chosen];
  const engineHeaders = sha256(...[...headers, platform].map((path) => contents.get(path)));
  const jobs = [
    ...engine.map((path) => {
      // The one hook into the engine: what it would report after each collection is how the host learns what is live (engine.c).
      const hook = basename(path) === 'xsMemory.c' ? ['-DmxReport=1', '-DfxReport=engineMemoryReport'] : [];
      const flags = [...common, ...hook, ...(basename(path) === 'xsRun.c' ? interpreter : []), ...foreignWarnings];
      return { path, flags, hash: sha256(hashOf(flags, [path]), engineHeaders) };
    }),
    ...[...own, ...kernels.sources].map((path) => {
      const flags = kernels.sources.includes(path) ? [...machine, ...kernels.cflags] : [...common, ...ownWarnings];
      return { path, flags, hash: hashOf(flags, [path, ...ownHeaders]) };
    }),
  ].map((job) => ({ ...job, object: join(outputs, 'objects', `${basename(job.path).replace(/\.[cS]$/, '')}-${job.hash}.o`) }));

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

  const objects = jobs.map((job) => job.object);
  const program = join(outputs, `${name}-${sha256(hashOf(link, linkInputs), ...objects)}`);
  if (!existsSync(program)) {
    await run(cc, [...machine, ...objects, ...link, '-lm', '-o', `${program}.${process.pid}`]);
    await rename(`${program}.${process.pid}`, program);
  }
  return { program, compiled: total };
}
