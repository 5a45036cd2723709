/**
 * Builds the XS host for its two platforms, into `.build/xs/`: a Linux executable, and bare-metal RV32 images, each with one bundle in it.
 *
 *   node hosts/xs/build.mjs                        build the Linux executable
 *   node hosts/xs/build.mjs --bundle entry.ts out  bundle one entry
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForXs } from './bundle.mjs';
import { buildProgram, compilerVersion, outputs, root, run, sha256 } from './toolchain.mjs';

export { bundleFirmware, bundleForXs } from './bundle.mjs';
export { buildXsRv32 } from './rv32-image.mjs';

const linuxSources = ['board.c', 'air.c', 'linux-main.c', 'linux-air.c', 'linux-serial.c', 'linux-store.c'];

/** 16-octet slots like a board's; SSE2 so that doubles round as IEEE 754 says and not as an 80387 does. */
const narrow = ['-m32', '-msse2', '-mfpmath=sse'];

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

/**
 * Builds the Linux executable if anything it is made from has changed.
 * @param {{ log?: (line: string) => void }} options
 * @returns {Promise<{ executable: string, bits: 32 | 64, compiled: number }>} `compiled`: sources that were stale
 */
export async function buildXs({ log = () => {} } = {}) {
  await mkdir(outputs, { recursive: true });
  const cc = process.env.CC ?? 'gcc';
  const version = await compilerVersion(cc, 'gcc gcc-multilib');
  const machine = await wordFlags(cc, version);
  const bits = machine.length > 0 ? 32 : 64;
  if (bits === 64)
    log("xs: this compiler makes no 32-bit programs (Debian: gcc-multilib); built for 64 bits: memory figures are not a board's");
  const { program, compiled } = await buildProgram(
    { cc, version, machine, engine: ['-DmxMetering=1'], sources: linuxSources, link: [], name: 'host' },
    log,
  );
  log(`xs: ${bits}-bit host ${relative(root, program)}${compiled > 0 ? '' : ' (nothing to compile)'}`);
  return { executable: program, bits, compiled };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, entry, output] = process.argv.slice(2);
  if (option === '--bundle') await bundleForXs({ entry, output });
  else await buildXs({ log: (line) => console.log(line) });
}
