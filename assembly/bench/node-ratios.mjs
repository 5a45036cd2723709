/**
 * Wasm kernels, noble and tiny-secp256k1 side by side on Node: for each operation the implementations take turns, a few milliseconds each, and
 * the least time of all turns counts, so that what else the machine does falls on all of them. Results are compared before anything is timed.
 */
import assert from 'node:assert/strict';
import * as tiny from 'tiny-secp256k1';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.ts';
import { loadWasmKernels } from '../wasm/node.ts';

const ROUNDS = 12;
/** Long enough that the clock's resolution and a timer interrupt do not matter. */
const TURN_NS = 8_000_000n;

function turn(work) {
  const start = process.hrtime.bigint();
  let count = 0;
  let now = start;
  do {
    work();
    count += 1;
    now = process.hrtime.bigint();
  } while (now - start < TURN_NS);
  return Number(now - start) / count;
}

/** Microseconds of each: { name: least }. */
function race(works) {
  const least = Object.fromEntries(Object.keys(works).map((name) => [name, Infinity]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, work] of Object.entries(works)) least[name] = Math.min(least[name], turn(work) / 1000);
  return least;
}

/** Microseconds of each operation: { name, label, wasm, noble, tiny? }; `noble` is the TypeScript kernel, which for tables uses no noble. */
export async function compareOnNode() {
  const { kernels: wasm, curve: wasmCurve } = loadWasmKernels();
  const [noble, nobleCurve] = [createKernels(), createCurveKernels()];
  const octets = (length, from) => Uint8Array.from({ length }, (_, i) => (from + 7 * i) & 255);
  const [data, key, nonce, secret, digest] = [octets(1024, 1), octets(32, 2), octets(12, 3), octets(32, 4), octets(32, 5)];
  const results = [];
  /** calls: implementation -> a function that answers its result in octets. */
  const compare = (name, calls, label = name) => {
    const [expected, ...others] = Object.values(calls).map((call) => Buffer.from(call()).toString('hex'));
    for (const other of others) assert.equal(other, expected, name);
    results.push({ name, label, ...race(calls) });
  };
  const both = (name, length, call) => {
    const outs = [new Uint8Array(length), new Uint8Array(length)];
    compare(name, { wasm: () => call(wasm, outs[0]), noble: () => call(noble, outs[1]) }, name.replace('_per_byte', ', 1 KiB'));
  };
  both('keccak256_per_byte', 32, (k, out) => (k.keccak256(out, data), out));
  both('sha256_per_byte', 32, (k, out) => (k.sha256(out, data), out));
  both('chacha20poly1305_per_byte', 1040, (k, out) => (k.aeadSeal(out, key, nonce, digest, data), out));

  const out = new Uint8Array(65);
  const sign = (curve) => (curve.sign(out, digest, secret), out.subarray(0, 64));
  compare('sign', { wasm: () => sign(wasmCurve), noble: () => sign(nobleCurve), tiny: () => tiny.sign(digest, secret) });
  const signature = Uint8Array.from(out);
  nobleCurve.sign(signature, digest, secret);
  const point = new Uint8Array(33);
  nobleCurve.publicKey(point, secret);
  const yes = (valid) => [Number(valid)];
  const compact = signature.subarray(0, 64);
  compare('verify', {
    wasm: () => yes(wasmCurve.verify(compact, digest, point, true)),
    noble: () => yes(nobleCurve.verify(compact, digest, point, true)),
    tiny: () => yes(tiny.verify(digest, point, compact, true)),
  });
  const recovered = new Uint8Array(33);
  compare('recover', {
    wasm: () => (wasmCurve.recover(recovered, signature, digest), recovered),
    noble: () => (nobleCurve.recover(recovered, signature, digest), recovered),
    tiny: () => tiny.recover(digest, compact, signature[64], true),
  });
  compare('ecdh', {
    wasm: () => (wasmCurve.ecdh(recovered, secret, point), recovered),
    noble: () => (nobleCurve.ecdh(recovered, secret, point), recovered),
    tiny: () => tiny.pointMultiply(point, secret, true),
  });

  const ids = octets(4000, 9).map((octet, i) => octet ^ (Math.imul(i, 0x9e37) >> 8));
  const tables = [wasm, noble].map((each) => {
    const table = each.routeTable({ capacity: 512, hold: 100 });
    for (let at = 0; at < ids.length; at += 8) table.update(ids, at, at % 200, 1, 100, 10, 0);
    return table;
  });
  const lookups = (table) => {
    let sum = 0;
    for (let at = 0; at < ids.length; at += 8) sum += table.lookup(ids, at, -1);
    return [sum & 255];
  };
  compare('route_lookup', { wasm: () => lookups(tables[0]), noble: () => lookups(tables[1]) }, 'route_lookup, 500');
  return results;
}
