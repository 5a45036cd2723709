/**
 * Builds the kernels: AssemblyScript -> .wasm -> wasm2c -> C over our own runtime (native/mb_wasm_rt.h), into .build/kernels.
 *
 *   node assembly/build.mjs
 *
 * Emits for each module (`kernels`, `tables`): <name>.wasm, mb_wasm_<name>.c, mb_wasm_<name>.h. Cached by a hash of everything that goes in.
 * wasm2c's own preamble and instantiation are dropped and only its function bodies kept, so what is compiled is those bodies and
 * mb_wasm_rt.h; its text format is not a stable interface, therefore the version is pinned and every assumption below is checked.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
export const project = dirname(here);
/** Where the products lie. */
export const output = join(project, '.build', 'kernels');
const WASM2C = '1.0.39';
/** Calls inside one another: the C stack of a board's task is 10 KB by default, and a kernel's frame takes up to 200 octets. */
const CALL_DEPTH = 20;

/** entry: the AssemblyScript file; base: where its constants start (memory.ts), absent if it has none and its memory is sized by the caller. */
const MODULES = [
  { name: 'kernels', entry: 'index.ts', base: 'ARENA' },
  { name: 'tables', entry: 'tables.ts' },
];

/**
 * gcc flags of the generated C, chosen by measurement on RV32IMAC (README.md): scheduling by register pressure, and no pass that
 * stretches live ranges. Bounds checks and traps are in the C itself and need no flag.
 */
export const CFLAGS = [
  '-std=gnu11',
  '-O2',
  '-fsched-pressure',
  '-fno-tree-reassoc',
  '-fno-tree-scev-cprop',
  '-Werror=implicit-function-declaration',
];

/** The hand-written C around the generated files. */
const NATIVE = ['mb_kernels.c', 'mb_tables.c'];

/** Every reason a kernel source or module is refused. */
export class KernelBuildError extends Error {}

/** Arrow 7: kernels import nothing but each other. */
export function checkSources(sources) {
  for (const { name, text } of sources)
    for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*['"]([^'"]+)['"]/g))
      if (!/^\.\/[a-z0-9-]+$/.test(specifier)) throw new KernelBuildError(`${name} imports ${specifier}: kernels import only each other`);
}

/** A wasm module of ours: no imports, no start function of its own, no state outside linear memory. */
export function checkModule(name, wasm) {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map((entry) => `${entry.module}.${entry.name}`);
  if (imports.length > 0) throw new KernelBuildError(`${name}.wasm imports ${imports.join(', ')}: the import section must be empty`);
}

/** Builds what is not up to date. `sources`: C to compile with `include` and `cflags`; `binding`: the one that needs XS's headers as well. */
export async function buildKernels({ log = () => {}, directory = join(here, 'kernels'), target = output } = {}) {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.ts')).sort();
  const sources = await Promise.all(names.map(async (name) => ({ name, text: await readFile(join(directory, name), 'utf8') })));
  checkSources(sources);
  const modules = MODULES.filter(({ entry }) => names.includes(entry));
  const versions = ['assemblyscript', 'wabt'].map((name) => require(`${name}/package.json`).version);
  if (versions[1] !== WASM2C) throw new KernelBuildError(`wasm2c ${versions[1]} is installed, ${WASM2C} is expected: run npm ci`);
  const hash = createHash('sha256')
    .update(JSON.stringify([sources, versions]))
    .update(await readFile(fileURLToPath(import.meta.url)));
  const stamp = hash.digest('hex');
  const products = {
    output: target,
    include: [target, join(here, 'native')],
    sources: [...modules.map(({ name }) => join(target, `mb_wasm_${name}.c`)), ...NATIVE.map((name) => join(here, 'native', name))],
    binding: join(here, 'native', 'mb_kernels_xs.c'),
    cflags: CFLAGS,
  };
  if ((await readFile(join(target, 'stamp'), 'utf8').catch(() => '')) === stamp) return products;
  await mkdir(target, { recursive: true });
  const scratch = await mkdtemp(join(target, 'new-'));
  try {
    for (const module of modules) {
      log(`kernels: building ${module.name}`);
      await buildModule(module, directory, scratch);
    }
    await writeFile(join(scratch, 'stamp'), stamp);
    for (const file of await readdir(scratch)) if (file !== 'stamp') await rename(join(scratch, file), join(target, file));
    await rename(join(scratch, 'stamp'), join(target, 'stamp'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return products;
}

async function buildModule({ name, entry, base }, directory, scratch) {
  const wasmFile = join(scratch, `${name}.wasm`);
  const cFile = join(scratch, `${name}.c`);
  const arena = base === undefined ? undefined : await constantOf(directory, base);
  // --debug keeps the names section (the C's function names); -O3 with it emits the same code as without.
  const options = ['--runtime', 'stub', '--use', 'abort=', '-O3', '--noAssert', '--debug', '--initialMemory', '1'];
  if (arena !== undefined) options.push('--memoryBase', String(arena));
  await tool('assemblyscript', 'asc.js', [join(directory, entry), '-o', wasmFile, ...options]);
  const wasm = await readFile(wasmFile);
  checkModule(name, wasm);
  await tool('wabt', 'wasm2c', [wasmFile, '-n', name, '-o', cFile]);
  const { header, source } = translate(name, wasm, await readFile(cFile, 'utf8'), arena);
  await rm(cFile);
  await rm(join(scratch, `${name}.h`));
  await writeFile(join(scratch, `mb_wasm_${name}.h`), header);
  await writeFile(join(scratch, `mb_wasm_${name}.c`), source);
}

/** A program of an installed package, in a process of its own: both of these install handlers for uncaught errors. */
async function tool(name, program, args) {
  const script = join(dirname(require.resolve(`${name}/package.json`)), 'bin', program);
  await run(process.execPath, [script, ...args]).catch((error) => {
    throw new KernelBuildError(`${program} ${args[0]}:\n${error.stderr || error.message}`);
  });
}

async function constantOf(directory, name) {
  const text = await readFile(join(directory, 'memory.ts'), 'utf8');
  const found = new RegExp(`^export const ${name}: usize = (\\d+);$`, 'm').exec(text);
  if (!found) throw new KernelBuildError(`memory.ts has no literal ${name}`);
  return Number(found[1]);
}

/** Our C from wasm2c's: constants apart, function bodies over mb_wasm_rt.h. */
function translate(name, wasm, generated, arena) {
  const module = new WebAssembly.Module(wasm);
  const { exports } = new WebAssembly.Instance(module);
  const image = new Uint8Array(exports.memory.buffer);
  const end = image.findLastIndex((octet) => octet !== 0) + 1;
  if (arena === undefined ? end > 0 : image.subarray(0, arena).some((octet) => octet !== 0))
    throw new KernelBuildError(`${name}.wasm initialises memory outside its constants`);
  const constants = arena === undefined ? [] : image.subarray(arena, Math.max(arena, (end + 7) & ~7));

  const functions = [...generated.matchAll(/^(void|u32|u64) (w2c_\w+)\((w2c_\w+\* instance[^)]*)\) \{\n(.*?)^\}\n/gms)].map(
    ([, type, symbol, parameters, body]) => ({ type, symbol, parameters, body }),
  );
  const wrappers = new Map();
  for (const { symbol, body } of functions) {
    const target = body.includes('WASM_RT_USE_SEGUE_FOR_THIS_MODULE') && /^ {2}(?:u32 ret = |u64 ret = )?(w2c_\w+)\(instance/m.exec(body);
    if (target) wrappers.set(symbol, target[1]);
  }
  const bodies = functions.filter(({ body }) => body.includes('FUNC_PROLOGUE'));
  const names = new Map(bodies.map(({ symbol }) => [symbol, plainName(symbol)]));
  for (const { name: exported, kind } of WebAssembly.Module.exports(module))
    if (kind === 'function') {
      const internal = wrappers.get(`w2c_${name}_${exported}`);
      if (!names.has(internal)) throw new KernelBuildError(`${name}.wasm: no body for export ${exported}`);
      names.set(internal, `mb_wasm_${exported}`);
    }
  checkCalls(
    name,
    new Map(bodies.map(({ symbol, body }) => [names.get(symbol), [...body.matchAll(/\bw2c_\w+/g)].map(([callee]) => names.get(callee))])),
  );
  if (new Set(names.values()).size !== names.size) throw new KernelBuildError(`${name}.wasm: two functions with one name`);

  const state = `mb_wasm_${name}`;
  const rename = (text) => text.replace(/\bw2c_\w+/g, (symbol) => names.get(symbol) ?? (symbol === `w2c_${name}` ? state : symbol));
  const prototypes = bodies.map(({ type, symbol, parameters }) => ({
    text: `${type} ${names.get(symbol)}(${parameters.replace(/w2c_\w+\* instance/, `${state}* memory`)})`,
    exported: names.get(symbol).startsWith('mb_wasm_'),
  }));
  const text = bodies.map(({ body }, index) => {
    const plain = rename(
      accesses(body, arena)
        .replaceAll('&instance->w2c_memory', 'memory')
        .replace(/\binstance\b/g, 'memory'),
    );
    if (/w2c_|_default32/.test(plain))
      throw new KernelBuildError(`${name}.wasm: ${prototypes[index].text} uses state outside linear memory`);
    return `${prototypes[index].exported ? '' : 'static '}${prototypes[index].text} {\n${plain}}\n`;
  });
  const banner = `/* Generated by assembly/build.mjs from ${name}.wasm with wasm2c ${WASM2C}: do not edit. */\n`;
  const offsets = Object.entries(exports).filter(([, value]) => value instanceof WebAssembly.Global);
  const header = [
    `${banner}#pragma once\n#include "mb_wasm_rt.h"\n`,
    ...offsets.map(([symbol, { value }]) => `#define MB_${symbol} ${value < 0 ? `(${value})` : `${value}u`}`),
    arena === undefined
      ? `typedef struct { u8* ram; u32 size; u32 trapped; } ${state};`
      : `#define MB_CONSTANTS ${constants.length}u\ntypedef struct { _Alignas(8) u8 ram[${arena}]; } ${state};`,
    ...prototypes.filter(({ exported }) => exported).map((prototype) => `${prototype.text};`),
    '',
  ].join('\n');
  const source = [
    `${banner}#include "mb_wasm_${name}.h"\n`,
    constants.length > 0
      ? `static const struct { _Alignas(8) u8 ram[${constants.length}]; } mb_constants = {{${constants.join(',')}}};`
      : '',
    arena === undefined ? '#define MB_CALLER_SIZES 32u' : '',
    `#define MB_MEMORY ${state}\n#include "mb_wasm_rt_memory.h"\n`,
    ...prototypes.filter(({ exported }) => !exported).map((prototype) => `static ${prototype.text};`),
    '',
    ...text,
  ].join('\n');
  return { header, source };
}

/** No recursion, and no chain of calls longer than a board's stack takes: there is no depth counter at run time. */
function checkCalls(name, calls) {
  const visit = (at, chain) => {
    if (chain.includes(at)) throw new KernelBuildError(`${name}.wasm recurses: ${[...chain, at].join(' > ')}`);
    if (chain.length === CALL_DEPTH) throw new KernelBuildError(`${name}.wasm calls deeper than ${CALL_DEPTH}: ${chain.join(' > ')}`);
    for (const callee of new Set(calls.get(at) ?? [])) if (callee !== undefined) visit(callee, [...chain, at]);
  };
  for (const at of calls.keys()) visit(at, []);
}

/** kernels/sha256/compress -> sha256_compress. */
function plainName(symbol) {
  return symbol
    .replace(/^w2c_[a-z]+_/, '')
    .split('0x2F')
    .slice(-2)
    .join('_')
    .replace(/0x[0-9A-F]{2}/g, '_');
}

/**
 * Accesses in the form of mb_wasm_rt_memory.h, base and offset apart (the offset then goes into the instruction). Loads from at or above
 * the arena become loads from the constants: there the table is the immediate offset, or all of the address.
 */
function accesses(body, arena = Infinity) {
  return body
    .replace(
      /(\w+_(?:load|store)\w*)_default32\(&instance->w2c_memory, \(u64\)\((\w+)\)(?: \+ (\d+)u?)?/g,
      (_, access, base, offset = 0) =>
        offset < arena ? `${access}(memory, ${base}, ${offset}u` : `${access}(&mb_constants, ${base}, ${offset - arena}u`,
    )
    .replace(/(var_\w+) = (\d+)u;\n( +var_\w+ = \w+_load\w*)\(memory, \1, 0u\)/g, (all, base, address, load) =>
      address < arena ? all : `${load}(&mb_constants, 0u, ${address - arena}u)`,
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildKernels({ log: (line) => process.stdout.write(`${line}\n`) });
  process.stdout.write(`kernels: ${output}\n`);
}
