/**
 * Bare-metal RV32IMAC images of the XS host: the engine, the kernels in C, drivers of qemu's `virt` machine, and one bundle.
 *
 *   link -> run once to prepare -> image       the linked program parses the bundle and shares the machine; the memory that this leaves becomes
 *                                              the flash region of the image, from which the parser and the source text are left out
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buildProgram, compilerVersion, outputs, root, run, sha256 } from './toolchain.mjs';

const cc = 'riscv64-unknown-elf-gcc';
/** The ESP32-C6's instruction set; the C3's lacks the atomic instructions, which nothing here executes. */
const machine = ['-march=rv32imac', '-misa-spec=2.2', '-mabi=ilp32', '--specs=picolibc.specs', '-ffunction-sections', '-fdata-sections'];
/**
 * The interpreter calls setjmp where a `try` begins, and a function that calls it keeps its variables in memory: 26 instructions to read a local
 * variable instead of 14. Everything that lives beyond the second return is reloaded or never changes (xsRun.c, XS_CODE_CATCH), so a name that the
 * compiler does not know will do, if no two variables share a stack slot. Neither -O3 nor -fno-gcse makes it faster.
 */
const interpreter = ['-Dc_setjmp=engineSetjmp', '-fno-ira-share-spill-slots'];
const host = join(root, 'hosts/xs/host');
const script = join(host, 'rv32.ld');
const drivers = [
  'rv32-start.S',
  'rv32-machine.c',
  'rv32-memory.c',
  'rv32-string.c',
  'rv32-timer.c',
  'rv32-virtio.c',
  'rv32-console.c',
  'rv32-entropy.c',
];
const board = ['board.c', 'air.c', 'rv32-main.c', 'rv32-uart.c', 'rv32-flash.c', 'rv32-store.c', 'rv32-jobs.c', 'rv32-profile.c'];
const measuring = ['rv32-measure.c'];

/** Octets of RAM that ESP-IDF leaves with Wi-Fi and BLE on: 126 KB on the C3, 259 KB on the C6. */
export const boardRam = { esp32c3: 126 * 1024, esp32c6: 259 * 1024 };
/** For interrupts, and for what lies below the JS task's entry into the engine. */
const stackReserve = 768;
/** Room for the root machine while it is prepared; what it uses becomes flash. */
const preparing = 24 << 20;
/** Where nothing is spared: noble's tables take over 100 MB while they are made. */
const plenty = 224 << 20;

/** qemu as a board; `devices` beside the machine. One instruction is one nanosecond of its clock, so that what counts time counts instructions. */
export const qemu = 'qemu-system-riscv32';
export const qemuArguments = (image, memory, radio, devices = []) => [
  ...['-M', 'virt', '-cpu', 'rv32', '-m', memory, '-display', 'none', '-monitor', 'none', '-no-reboot', '-icount', 'shift=0,sleep=off'],
  ...[
    '-global',
    'virtio-mmio.force-legacy=false',
    '-chardev',
    radio,
    '-device',
    'virtio-serial-device',
    '-device',
    'virtconsole,chardev=radio',
  ],
  ...['-bios', image, ...devices],
];

/** What is plugged into the image: `straps` of rv32.ld. `profile`: hundreds of instructions between the profiler's samples, 0 for none;
 * `selfish`: a planted fault, jobs give way to nobody. */
export const strapsArguments = ({ serial = false, profile = 0, selfish = false }) => {
  const straps = (serial ? 1 : 0) | (selfish ? 4 : 0) | (profile > 0 ? 2 | (profile << 16) : 0);
  return straps === 0 ? [] : ['-device', `loader,addr=0x80600000,data=${straps >>> 0},data-len=4`];
};

/**
 * @param {{ bundle: string, name: string, profile?: 'esp32c3' | 'esp32c6', log?: (line: string) => void }} options `bundle`: path of a bundle
 *   of `bundleForXs`. With a profile: a board with its memory, whose bundle exports `start`; without: an image that measures, whose bundle exports `run`
 * @returns {Promise<{ elf: string, flash: { code: number, root: number } }>} octets of flash: code and constants, prepared machine
 */
export async function buildXsRv32({ bundle, name, profile, log = () => {} }) {
  const version = await compilerVersion(cc, 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf');
  await mkdir(outputs, { recursive: true });
  const profiles = JSON.parse(await readFile(join(root, 'hosts/xs/profiles.json'), 'utf8'));
  const stack = profile === undefined ? 16_384 : profiles[profile].cStack + stackReserve;
  const ram = profile === undefined ? 262_144 : boardRam[profile];
  // Under its content's name: the same firmware in another folder is the same image.
  const octets = await readFile(bundle);
  const source = join(outputs, `bundle-${sha256(octets)}.js`);
  await writeFile(source, octets);
  const data = join(outputs, `${name}-${sha256(octets)}.S`);
  const lines = [
    '.section .image, "a"',
    '.globl profile_name',
    `profile_name: .asciz "${profile ?? 'none'}"`,
    '.section .bundle, "a"',
    '.globl bundle_start',
    '.globl bundle_end',
    `bundle_start: .incbin "${source}"`,
    'bundle_end: .byte 0',
    '',
  ];
  await writeFile(data, lines.join('\n'));
  const link = [
    data,
    `-T${script}`,
    '-nostartfiles',
    '-Wl,--gc-sections',
    '-Wl,--no-warn-rwx-segments',
    `-Wl,--defsym=image_ram=${ram}`,
    `-Wl,--defsym=image_stack=${stack}`,
    `-Wl,--defsym=image_root=${profile === undefined ? plenty : preparing}`,
  ];
  const sources = [...drivers, ...(profile === undefined ? measuring : board)];
  const { program } = await buildProgram(
    { cc, version, machine, interpreter, sources, link, linkInputs: [data, source, script], name },
    log,
  );
  if (profile === undefined) return { elf: program, flash: { code: 0, root: 0 } };
  const elf = `${program}.elf`;
  if (!existsSync(elf)) {
    log(`xs: preparing ${relative(root, elf)}`);
    const dump = `${elf}.${process.pid}.memory`;
    await run(qemu, qemuArguments(program, '64M', `file,id=radio,path=${dump}`), { timeout: 120_000, killSignal: 'SIGKILL' }).catch(
      async (error) => {
        const words = existsSync(dump) ? (await readFile(dump)).subarray(-300).toString('latin1') : '';
        throw new Error(`the image ${name} could not be prepared (exit code ${error.code}): ${words}`);
      },
    );
    await writeFile(`${elf}.${process.pid}`, prepared(await readFile(program), await readFile(dump)));
    await rm(dump);
    await rename(`${elf}.${process.pid}`, elf);
  }
  return { elf, flash: flashOf(await readFile(elf)) };
}

const LOAD = 1;
const HEADER = 52;
const ENTRY = 32;

/** The program headers of a little-endian ELF32 file. */
function* segments(file) {
  const at = file.readUInt32LE(28);
  for (let i = 0; i < file.readUInt16LE(44); i += 1) {
    const [type, offset, address, physical, size] = Array.from({ length: 5 }, (_, word) => file.readUInt32LE(at + i * ENTRY + 4 * word));
    if (type === LOAD && size > 0)
      yield { address, physical, octets: file.subarray(offset, offset + size), flags: file.readUInt32LE(at + i * ENTRY + 24) };
  }
}

/** The memory that a preparing image handed out: u32 address, u32 size, octets; size 0: what lies there is not needed any more. */
function* regions(dump) {
  for (let at = 0; at < dump.length;) {
    const [address, size] = [dump.readUInt32LE(at), dump.readUInt32LE(at + 4)];
    yield { address, octets: dump.subarray(at + 8, at + 8 + size) };
    at += 8 + size;
  }
}

/** A loadable file of the program's segments and the memory. */
function prepared(program, dump) {
  const handedOut = [...regions(dump)];
  const dropped = new Set(handedOut.filter(({ octets }) => octets.length === 0).map(({ address }) => address));
  const kept = [...segments(program)].filter(({ address }) => !dropped.has(address));
  const added = handedOut
    .filter(({ octets }) => octets.length > 0)
    .map(({ address, octets }) => ({ address, physical: address, octets, flags: 4 }));
  const all = [...kept.map(({ physical, octets, flags }) => ({ address: physical, physical, octets, flags })), ...added];
  const head = Buffer.alloc(HEADER + ENTRY * all.length);
  program.copy(head, 0, 0, HEADER);
  head.writeUInt32LE(HEADER, 28);
  head.writeUInt32LE(0, 32);
  head.writeUInt16LE(all.length, 44);
  head.fill(0, 46, HEADER);
  let offset = head.length;
  for (const [i, { address, physical, octets, flags }] of all.entries()) {
    const words = [LOAD, offset, address, physical, octets.length, octets.length, flags, 4];
    for (const [word, value] of words.entries()) head.writeUInt32LE(value, HEADER + i * ENTRY + 4 * word);
    offset += octets.length;
  }
  return Buffer.concat([head, ...all.map(({ octets }) => octets)]);
}

function flashOf(elf) {
  const flash = { code: 0, root: 0 };
  for (const { address, octets } of segments(elf)) {
    if (address >= 0x80800000) flash.root += octets.length - zeroes(octets);
    else flash.code += octets.length;
  }
  return flash;
}

/** Octets in runs of at least 64 that hold nothing: where the parser's memory was. */
function zeroes(octets) {
  let sum = 0;
  for (let at = 0; at + 64 <= octets.length; at += 64) if (octets.subarray(at, at + 64).every((octet) => octet === 0)) sum += 64;
  return sum;
}
