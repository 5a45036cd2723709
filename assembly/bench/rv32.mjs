/**
 * Bare-metal RV32IMAC images (the ESP32-C6's instruction set) in qemu-system-riscv32 with -icount: `rdinstret` counts instructions, the
 * same on every machine and every run. A bench source is C over bench.h: it checks its results before it reports a count.
 *
 *   node assembly/bench/rv32.mjs bench-source.c     build the kernels and one image, run it, print its counts
 */
import { execFile } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildKernels, output } from '../build.mjs';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const PREFIX = 'riscv64-unknown-elf-';

export const ARCH = ['-march=rv32imac', '-mabi=ilp32', '--specs=picolibc.specs'];

/** A tool of Debian's that is missing is named with its package. */
async function tool(name, args, packageName, options = {}) {
  try {
    return await run(name, args, { maxBuffer: 1 << 26, ...options });
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error(`${name} is missing: apt install ${packageName}`);
    throw error;
  }
}

export const gcc = (args, options) => tool(`${PREFIX}gcc`, args, 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf', options);

/** Compile and link one image from a bench source, the kernels and `extra`; the names of its objects' sections are kept apart, unused ones dropped. */
export async function buildImage(source, { kernels, extra = [], flags = [], name = basename(source, '.c') }) {
  const directory = join(output, 'bench');
  await mkdir(directory, { recursive: true });
  const elf = join(directory, `${name}.elf`);
  const temporary = `${elf}.${process.pid}`;
  const include = [...kernels.include, here].map((path) => `-I${path}`);
  await gcc([
    ...ARCH, ...kernels.cflags, ...flags, ...include, '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections',
    '--crt0=semihost', '--oslib=semihost', `-T${join(here, 'rv32.ld')}`, source, ...kernels.sources, ...extra, '-o', temporary,
  ]);
  await rename(temporary, elf);
  return elf;
}

/** Run an image; answers { name: count } from its lines `name count`. Throws with its output if it failed or did not end in time. */
export async function runImage(elf, { seconds = 120, memory = '16M' } = {}) {
  const machine = ['-M', 'virt', '-cpu', 'rv32', '-m', memory, '-bios', 'none', '-nographic', '-icount', '0'];
  const semihosting = ['-semihosting-config', 'enable=on,target=native'];
  let text;
  try {
    const { stdout, stderr } = await tool('qemu-system-riscv32', [...machine, ...semihosting, '-kernel', elf], 'qemu-system-misc', {
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
    });
    text = stdout + stderr; // qemu's semihosting console writes to stderr
  } catch (error) {
    throw new Error(`${basename(elf)}: ${error.killed ? `no end in ${seconds} s` : error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
  const counts = {};
  for (const [, name, count] of text.matchAll(/^([\w.]+) (\d+)$/gm)) counts[name] = Number(count);
  if (!/^done$/m.test(text)) throw new Error(`${basename(elf)}: ended before it was done\n${text}`);
  return counts;
}

/** Octets of code and constants, and of RAM, of the symbols whose names match, in an image. */
export async function sizes(elf, pattern) {
  const { stdout } = await tool(`${PREFIX}nm`, ['--print-size', elf], 'binutils-riscv64-unknown-elf');
  const total = { code: 0, ram: 0 };
  for (const [, size, kind, symbol] of stdout.matchAll(/^\w+ (\w+) (\w) (\S+)$/gm))
    if (pattern.test(symbol)) total[/[tr]/i.test(kind) ? 'code' : 'ram'] += parseInt(size, 16);
  return total;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kernels = await buildKernels();
  const elf = await buildImage(process.argv[2], { kernels, flags: process.argv.slice(3) });
  process.stdout.write(`${JSON.stringify(await runImage(elf), null, 2)}\n`);
}
