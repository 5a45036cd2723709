/**
 * Bare-metal RV32IMAC images (the ESP32-C6's instruction set) in qemu-system-riscv32 with -icount: `rdinstret` counts instructions, the
 * same on every machine and in every run. A bench source is C over bench.h: it checks its results before it reports a count.
 *
 *   node assembly/bench/rv32.mjs bench-source.c     build the kernels and one image, run it, print its counts
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildKernels, output } from '../build.mjs';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const directory = join(output, 'bench');

const ARCH = ['-march=rv32imac', '-mabi=ilp32', '--specs=picolibc.specs'];

/** A tool of Debian's; a missing one is named with its package. */
async function tool(name, args, packages, options = {}) {
  try {
    return await run(name, args, { maxBuffer: 1 << 26, ...options });
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error(`${name} is missing: apt install ${packages}`);
    throw error;
  }
}

const gcc = (args) => tool('riscv64-unknown-elf-gcc', args, 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf');
const nm = (file) => tool('riscv64-unknown-elf-nm', ['--print-size', file], 'binutils-riscv64-unknown-elf');

/** A product of gcc, kept under the hash of what it is made from. */
async function made(name, args, inputs) {
  const hash = createHash('sha256').update(JSON.stringify(args));
  for (const path of inputs) hash.update(await readFile(path));
  await mkdir(directory, { recursive: true });
  const product = join(directory, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(product)) {
    const partial = `${product}.${process.pid}`;
    await gcc([...args, '-o', partial]);
    await rename(partial, product);
  }
  return product;
}

/**
 * One image from a bench source and the kernels; sections that nothing needs are left out.
 * @returns {Promise<string>} its path; the kernels' objects in it are told from the rest by `sizes`
 */
export async function buildImage(source, { kernels, flags = [], name = basename(source, '.c') }) {
  const include = [...kernels.include, here];
  const headers = [];
  for (const folder of include) for (const file of await readdir(folder)) if (file.endsWith('.h')) headers.push(join(folder, file));
  const compile = (path) => {
    const args = [
      ...ARCH,
      ...kernels.cflags,
      ...flags,
      '-ffunction-sections',
      '-fdata-sections',
      ...include.map((folder) => `-I${folder}`),
    ];
    return made(basename(path, '.c'), [...args, '-c', path], [path, ...headers]);
  };
  const objects = [];
  for (const path of [source, ...kernels.sources]) objects.push(await compile(path));
  const script = join(here, 'rv32.ld');
  const link = [...ARCH, '-Wl,--gc-sections', '--crt0=semihost', '--oslib=semihost', `-T${script}`, ...objects];
  return made(name, link, [...objects, script]);
}

/** Runs an image; answers { name: count } from its lines `name count`. Throws with what it said if it failed or did not end in time. */
export async function runImage(elf, { seconds = 120 } = {}) {
  const machine = ['-M', 'virt', '-cpu', 'rv32', '-m', '16M', '-bios', 'none', '-nographic', '-icount', '0'];
  const semihosting = ['-semihosting-config', 'enable=on,target=native'];
  const name = basename(elf);
  const options = { timeout: seconds * 1000, killSignal: 'SIGKILL' };
  // qemu's semihosting console writes to stderr.
  const { stdout, stderr } = await tool(
    'qemu-system-riscv32',
    [...machine, ...semihosting, '-kernel', elf],
    'qemu-system-misc',
    options,
  ).catch((error) => {
    throw new Error(`${name}: ${error.killed ? `no end in ${seconds} s` : error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  });
  const text = stdout + stderr;
  if (!/^done$/m.test(text)) throw new Error(`${name}: ended before it was done\n${text}`);
  return Object.fromEntries([...text.matchAll(/^([\w.]+) (\d+)$/gm)].map(([, each, count]) => [each, Number(count)]));
}

/** Octets of the kernels in an image: code with constants, and RAM. */
export async function sizes(elf, kernels) {
  const own = new Set();
  for (const object of await readdir(directory)) {
    if (!kernels.sources.some((source) => object.startsWith(`${basename(source, '.c')}-`))) continue;
    for (const [, symbol] of (await nm(join(directory, object))).stdout.matchAll(/^\w+ \w+ [a-zA-Z] (\S+)$/gm)) own.add(symbol);
  }
  const total = { code: 0, ram: 0 };
  for (const [, size, kind, symbol] of (await nm(elf)).stdout.matchAll(/^\w+ (\w+) (\w) (\S+)$/gm))
    if (own.has(symbol)) total[/[tr]/i.test(kind) ? 'code' : 'ram'] += parseInt(size, 16);
  return total;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kernels = await buildKernels();
  const elf = await buildImage(process.argv[2], { kernels, flags: process.argv.slice(3) });
  process.stdout.write(`${JSON.stringify({ ...(await runImage(elf)), ...(await sizes(elf, kernels)) }, null, 2)}\n`);
}
