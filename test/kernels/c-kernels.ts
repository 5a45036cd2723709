/**
 * The C kernels, through their XS binding, as an implementation of Kernels and CurveKernels: compiled with the address and undefined-behaviour
 * sanitisers into a process of its own and called synchronously over two named pipes. A finding of a sanitiser ends the process, and the call
 * in progress throws with its report.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels, type BuiltKernels } from '../../assembly/build.mjs';
import { createNativeKernels, type NativeKernels } from '../../assembly/native/index.js';
import type { CurveKernels, Kernels } from '../../firmware/core/ports/index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
/** -O1: the sanitisers' own advice; every check is then where the source has it. */
const SANITISE = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];

export interface CKernelsProcess {
  readonly kernels: Kernels & CurveKernels;
  close(): void;
}

type Argument = Uint8Array | number | boolean;

/** Objects and program are kept under the hash of what they are made from: the sanitisers make the curve 15 s of work. */
function compile(built: BuiltKernels, defines: readonly string[]): string {
  const include = [join(here, 'fake-xs'), ...built.include];
  const headers = include.flatMap((folder) => readdirSync(folder).flatMap((name) => (name.endsWith('.h') ? [join(folder, name)] : [])));
  const make = (flags: readonly string[], from: readonly string[], seen: readonly string[]): string => {
    const hash = createHash('sha256').update(flags.join(' '));
    for (const path of seen) hash.update(readFileSync(path));
    const product = join(built.output, `sanitised-${hash.digest('hex').slice(0, 16)}`);
    if (!existsSync(product)) {
      const partial = `${product}.${process.pid}`;
      execFileSync('gcc', [...flags, ...from, '-o', partial], { encoding: 'utf8' });
      renameSync(partial, product);
    }
    return product;
  };
  const flags = [...built.cflags, ...SANITISE, '-Wall', '-Wextra', '-Werror', '-c', ...include.map((path) => `-I${path}`)];
  const objects = [
    ...built.sources.map((source) => make([...flags, '-xc'], [source], [source, ...headers])),
    ...[built.binding, join(here, 'c-kernels-main.c')].map((source) => make([...flags, ...defines, '-xc'], [source], [source, ...headers])),
  ];
  return make(SANITISE, objects, objects);
}

export interface CKernelsOptions {
  /** Other kernels than the project's. */
  readonly built?: BuiltKernels;
  /** For a planted fault in the binding. */
  readonly defines?: readonly string[];
}

export async function startCKernels({ built, defines = [] }: CKernelsOptions = {}): Promise<CKernelsProcess> {
  const program = compile(built ?? (await buildKernels()), defines);
  const folder = mkdtempSync(join(tmpdir(), 'meshbox-c-kernels-'));
  const requests = join(folder, 'requests');
  const answers = join(folder, 'answers');
  const report = join(folder, 'report');
  execFileSync('mkfifo', [requests, answers]);
  // The shell opens both pipes, each of which waits for this process to open its other end.
  const shell = spawn('sh', ['-c', 'exec "$0" <"$1" >"$2" 2>"$3"', program, requests, answers, report], { stdio: 'ignore' });
  shell.unref();
  const to = openSync(requests, 'w');
  const from = openSync(answers, 'r');

  const read = (length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const got = readSync(from, bytes, done, length - done, null);
      if (got === 0) throw new Error(`the C kernels ended: ${readFileSync(report, 'utf8')}`);
      done += got;
    }
    return bytes;
  };
  const call = (name: string, args: readonly Argument[]): number => {
    const buffers: { buffer: ArrayBufferLike; from: number; to: number }[] = [];
    for (const view of args) {
      if (!(view instanceof Uint8Array)) continue;
      const start = view.byteOffset & ~7;
      const known = buffers.find(({ buffer }) => buffer === view.buffer);
      if (known === undefined) buffers.push({ buffer: view.buffer, from: start, to: view.byteOffset + view.length });
      else {
        known.from = Math.min(known.from, start);
        known.to = Math.max(known.to, view.byteOffset + view.length);
      }
    }
    const words = (...values: number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
    const parts: Uint8Array[] = [Buffer.from(name.padEnd(24, '\0')), words(buffers.length)];
    for (const { buffer, from: start, to: end } of buffers) parts.push(words(end - start), new Uint8Array(buffer, start, end - start));
    parts.push(words(args.length));
    for (const value of args)
      if (value instanceof Uint8Array) {
        const index = buffers.findIndex(({ buffer }) => buffer === value.buffer);
        parts.push(words(index, value.byteOffset - buffers[index]!.from, value.length));
      } else parts.push(words(-1, Number(value)));
    const request = Buffer.concat(parts);
    for (let done = 0; done < request.length;) done += writeSync(to, request, done);
    const code = read(4).readInt32LE();
    for (const { buffer, from: start, to: end } of buffers) new Uint8Array(buffer, start, end - start).set(read(end - start));
    return code;
  };
  const native = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: Argument[]) =>
          call(String(name), args),
    },
  ) as NativeKernels;
  return {
    kernels: createNativeKernels(native),
    close: () => {
      closeSync(to);
      closeSync(from);
      rmSync(folder, { recursive: true });
    },
  };
}
