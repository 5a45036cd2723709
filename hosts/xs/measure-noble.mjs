/**
 * What the TypeScript oracles (over noble) and the native kernels cost on the XS engine: instructions of RV32IMAC, counted by the emulator, the
 * same on every machine and in every run.
 *
 *   node hosts/xs/measure-noble.mjs        print the counts
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForXs, buildXsRv32 } from './build.mjs';
import { qemu, qemuArguments } from './rv32-image.mjs';
import { outputs, run } from './toolchain.mjs';

/** Work on 1 KiB is told per octet. */
const KIB = 1024;

/** In the image: each line `implementation operation count`. A result is checked before its cost is told. */
const source = `
import { createCurveKernels, createKernels } from './firmware/core/crypto/index.ts';
import { createNativeKernels } from './assembly/native/kernels.ts';
const kib = new Uint8Array(${KIB}).fill(7), digest = new Uint8Array(32).fill(9), secret = new Uint8Array(32).fill(5), key = new Uint8Array(32).fill(3);
const nonce = new Uint8Array(12), nothing = new Uint8Array(0);
function measure(host, name, k, c, rounds) {
  const say = (operation, count) => host.log(name + ' ' + operation + ' ' + Math.round(count));
  const loop = (work, times) => { const from = host.instructions(); for (let i = 0; i < times; i += 1) work(); return host.instructions() - from; };
  const cost = (work, times) => (loop(work, times) - loop(() => {}, times)) / times;
  const right = (condition, what) => { if (!condition) throw new Error(name + ' ' + what + ': wrong result'); };
  const out = new Uint8Array(32), sealed = new Uint8Array(${KIB + 16}), point = new Uint8Array(33), recovered = new Uint8Array(33), signature = new Uint8Array(65);
  say('keccak256_per_byte', cost(() => k.keccak256(out, kib), rounds) / ${KIB});
  say('sha256_per_byte', cost(() => k.sha256(out, kib), rounds) / ${KIB});
  say('chacha20poly1305_per_byte', cost(() => k.aeadSeal(sealed, key, nonce, nothing, kib), rounds) / ${KIB});
  right(k.aeadOpen(new Uint8Array(${KIB}), key, nonce, nothing, sealed), 'open');
  say('public_key_first', cost(() => right(c.publicKey(point, secret), 'public key'), 1));
  say('public_key', cost(() => c.publicKey(point, secret), rounds));
  say('sign', cost(() => right(c.sign(signature, digest, secret), 'sign'), rounds));
  say('verify', cost(() => right(c.verify(signature.subarray(0, 64), digest, point, true), 'verify'), rounds));
  say('recover', cost(() => right(c.recover(recovered, signature, digest), 'recover'), rounds));
  right(recovered.every((octet, i) => octet === point[i]), 'recover');
  say('ecdh', cost(() => right(c.ecdh(recovered, secret, point), 'ecdh'), rounds));
  const table = k.routeTable({ capacity: 512, hold: 100 });
  const ids = new Uint8Array(4000);
  for (let n = 0; n < 500; n += 1) {
    k.sha256(out, new Uint8Array([n, n >> 8]));
    ids.set(out.subarray(0, 8), 8 * n);
    table.update(ids, 8 * n, n % 100, 1, 100, 10, 0);
  }
  let at = 0;
  say('route_lookup', cost(() => { right(table.lookup(ids, at, -1) === (at / 8) % 100, 'lookup'); at = (at + 8) % 4000; }, 500) - cost(() => { right((at / 8) % 100 >= 0, 'loop'); at = (at + 8) % 4000; }, 500));
}
/** The call into C alone, without the typed face of createNativeKernels. */
function bare(host) {
  const native = host.kernels, table = new Uint8Array(512 * 32), id = new Uint8Array(8).fill(3);
  const loop = (work) => { const from = host.instructions(); for (let i = 0; i < 500; i += 1) work(); return host.instructions() - from; };
  native.routeUpdate(table, id, 0, 5, 1, 100, 10, 0);
  if (native.routeLookup(table, id, 0, -1) !== 5) throw new Error('bare lookup: wrong result');
  host.log('native route_lookup_bare ' + Math.round((loop(() => native.routeLookup(table, id, 0, -1)) - loop(() => {})) / 500));
}
export function run(host) {
  const native = createNativeKernels(host.kernels);
  measure(host, 'native', native, native, 10);
  bare(host);
  measure(host, 'noble', createKernels(), createCurveKernels(), 1);
  host.log('done');
  return 0;
}
`;

/**
 * Under two minutes on two slow cores. Counts are instructions, per octet of 1 KiB where the name says so; `native` is through
 * createNativeKernels, `route_lookup_bare` through the XS binding alone.
 * @returns {Promise<{ noble: Record<string, number>, native: Record<string, number> }>}
 */
export async function measureNobleOnXs({ log = () => {} } = {}) {
  const bundle = join(outputs, 'noble.js');
  await bundleForXs({ source, output: bundle });
  const { elf } = await buildXsRv32({ bundle, name: 'measure', log });
  const options = { timeout: 110_000, killSignal: 'SIGKILL', maxBuffer: 1 << 20 };
  const { stdout } = await run(qemu, [...qemuArguments(elf, '256M', 'stdio,id=radio,signal=off'), '-serial', 'none'], options).catch(
    (error) => {
      throw new Error(`${error.killed ? 'no end in 110 s' : error.message}\n${error.stdout}${error.stderr}`);
    },
  );
  if (!/^done$/m.test(stdout)) throw new Error(`the measurement ended before it was done\n${stdout}`);
  const counts = { noble: {}, native: {} };
  for (const [, implementation, operation, count] of stdout.matchAll(/^(noble|native) (\w+) (\d+)$/gm))
    counts[implementation][operation] = Number(count);
  return counts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await measureNobleOnXs({ log: (line) => console.log(line) }));
