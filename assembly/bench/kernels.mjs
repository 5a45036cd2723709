/**
 * `npm run bench:kernels`: what the kernels cost, in one run.
 *
 *   C on RV32IMAC     instructions in the emulator, one image per kernel (rv32.mjs), code and RAM, milliseconds at 160 MHz as a projection
 *   on the XS engine  the same emulator: the TypeScript kernels over noble, and the C kernels through their binding (hosts/xs/measure-noble.mjs)
 *   wasm on Node      time beside noble and tiny-secp256k1 (libsecp256k1 in wasm): ratios, the absolute figures being this machine's
 *
 * --json: the figures as one JSON object on the last line: { rv32, xs_noble, node_ratio }, each with the names of FIGURES. node_ratio is how many
 * times faster wasm is than noble.
 */
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureNobleOnXs } from '../../hosts/xs/measure-noble.mjs';
import { buildKernels } from '../build.mjs';
import { compareOnNode } from './node-ratios.mjs';
import { buildImage, runImage, sizes } from './rv32.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const KIB = 1024;
const MHZ = 160;

export const FIGURES = [
  'keccak256_per_byte',
  'sha256_per_byte',
  'chacha20poly1305_per_byte',
  'sign',
  'verify',
  'recover',
  'ecdh',
  'route_lookup',
];

const IMAGES = ['keccak256', 'sha256', 'chacha20-poly1305', 'secp256k1', 'route-table'];

const grouped = (count) => Math.round(count).toLocaleString('en-US');
const times = (ratio) => (ratio < 10 ? ratio.toFixed(1) : grouped(ratio));

function table(title, head, rows) {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ');
  process.stdout.write(`\n${title}\n${cells.map(line).join('\n')}\n`);
}

/** Runs every image; answers the counts of all, and what each takes of a board. */
export async function measureRv32(kernels) {
  const counts = {};
  const memory = [];
  for (const name of IMAGES) {
    const elf = await buildImage(join(here, `${name}.c`), { kernels });
    const { stack, ...found } = await runImage(elf);
    Object.assign(counts, found);
    const { code, ram } = await sizes(elf, kernels);
    memory.push({ name, code, ram, stack });
  }
  for (const name of ['keccak256', 'sha256', 'chacha20poly1305']) counts[`${name}_per_byte`] = counts[`${name}_1024`] / KIB;
  return { counts, memory };
}

const pick = (from) => Object.fromEntries(FIGURES.map((name) => [name, Number(from[name].toPrecision(4))]));

export async function main(json) {
  const log = (text) => process.stderr.write(`${text}\n`);
  const kernels = await buildKernels({ log });

  log('bench: C on RV32');
  const { counts, memory } = await measureRv32(kernels);
  const perOctet = /^(\w+)_per_byte$/;
  const single = Object.keys(counts).filter((name) => !perOctet.test(name) && !name.startsWith('stack'));
  table(
    `C kernels on RV32IMAC, instructions (emulator); ms: projection for ${MHZ} MHz at one instruction a cycle`,
    ['operation', 'instructions', 'per octet', `ms at ${MHZ} MHz`],
    single.map((name) => {
      const octets = Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
      return [name, grouped(counts[name]), octets > 0 ? (counts[name] / octets).toFixed(1) : '', (counts[name] / (MHZ * 1000)).toFixed(3)];
    }),
  );
  table(
    'Memory of one image, octets; code holds the constants of all kernels, RAM is the one arena (a table brings its own: 32 a destination)',
    ['image', 'code', 'RAM', 'stack'],
    memory.map(({ name, code, ram, stack }) => [name, grouped(code), grouped(ram), grouped(stack)]),
  );

  log('bench: noble and C on the XS engine');
  const xs = await measureNobleOnXs({ log });
  table(
    'On the XS engine, RV32IMAC, instructions; native: the C kernels, the way through the binding included',
    ['operation', 'noble', 'native', 'noble : native'],
    Object.keys(xs.noble).map((name) => [name, grouped(xs.noble[name]), grouped(xs.native[name]), times(xs.noble[name] / xs.native[name])]),
  );

  log('bench: wasm on Node');
  const node = await compareOnNode();
  table(
    'On Node, microseconds (this machine, least of several rounds); ratios are of this one run',
    ['operation', 'wasm', 'TypeScript', 'tiny-secp256k1', 'TypeScript : wasm', 'wasm : tiny'],
    node.map(({ label, wasm, noble, tiny }) => [
      label,
      wasm.toFixed(2),
      noble.toFixed(2),
      tiny === undefined ? '' : tiny.toFixed(2),
      times(noble / wasm),
      tiny === undefined ? '' : (wasm / tiny).toFixed(2),
    ]),
  );

  if (!json) return;
  const ratios = Object.fromEntries(node.map(({ name, wasm, noble }) => [name, noble / wasm]));
  process.stdout.write(`${JSON.stringify({ rv32: pick(counts), xs_noble: pick(xs.noble), node_ratio: pick(ratios) })}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--json'));
