/**
 * Project Wycheproof's ECDSA and ECDH cases for secp256k1, on every implementation. Their signatures and keys are DER: it is read here,
 * strictly (X.690 section 10), since nothing else of ours reads any.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sha256 } from '@noble/hashes/sha2.js';
import { curveImplementations } from './curve-implementations.js';
import { b32, bytes, ecdh, hexOf, p } from './secp256k1-suite.js';
import { sharedVectors } from './shared-vectors.js';

const ECDSA = 'wycheproof-ecdsa_secp256k1_sha256_test.json';
const ECDH = 'wycheproof-ecdh_secp256k1_test.json';

interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}
interface Vectors<Test, Group = unknown> {
  readonly numberOfTests: number;
  readonly testGroups: readonly (Group & { readonly tests: readonly (Case & Test)[] })[];
}
type Ecdsa = Vectors<{ msg: string; sig: string }, { publicKey: { uncompressed: string } }>;
type Ecdh = Vectors<{ public: string; private: string; shared: string }>;

/** What is not DER of the expected form. */
class NotDer extends Error {}

/** The contents of the first element, which must have this tag, and what follows it. */
function element(der: Uint8Array, tag: number): [contents: Uint8Array, rest: Uint8Array] {
  if (der[0] !== tag || der.length < 2) throw new NotDer(`no element of tag ${tag}`);
  let [at, length] = [2, der[1]!];
  if (length > 0x80) {
    const octets = length & 0x7f;
    if (octets > 2 || der.length < 2 + octets) throw new NotDer('length of the length');
    length = 0;
    for (let i = 0; i < octets; i += 1) length = length * 256 + der[at + i]!;
    if (length < (octets === 1 ? 0x80 : 0x100)) throw new NotDer('length not minimal');
    at += octets;
  } else if (length === 0x80) throw new NotDer('indefinite length');
  if (at + length > der.length) throw new NotDer('truncated');
  return [der.subarray(at, at + length), der.subarray(at + length)];
}

function only(der: Uint8Array, tag: number): Uint8Array {
  const [contents, rest] = element(der, tag);
  if (rest.length > 0) throw new NotDer('something follows');
  return contents;
}

/** A non-negative integer of at most 256 bits. */
function scalar(contents: Uint8Array): Uint8Array {
  if (contents.length === 0 || contents[0]! > 0x7f) throw new NotDer('negative or empty integer');
  if (contents.length > 1 && contents[0] === 0 && contents[1]! < 0x80) throw new NotDer('integer not minimal');
  const value = BigInt(`0x${hexOf(contents)}`);
  if (value >= 2n ** 256n) throw new NotDer('integer of more than 256 bits');
  return b32(value);
}

/** SEQUENCE { INTEGER r, INTEGER s } as 64 octets. */
function readSignature(der: Uint8Array): Uint8Array {
  const [r, rest] = element(only(der, 0x30), 0x02);
  return Uint8Array.from([...scalar(r), ...scalar(only(rest, 0x02))]);
}

/** id-ecPublicKey and secp256k1 (RFC 5480, SEC 2). */
const ALGORITHM = '06072a8648ce3d020106052b8104000a';

/** SubjectPublicKeyInfo of a named curve: the point, compressed. */
function readKey(der: Uint8Array): Uint8Array {
  const [algorithm, rest] = element(only(der, 0x30), 0x30);
  if (hexOf(algorithm) !== ALGORITHM) throw new NotDer('another algorithm or curve');
  const point = only(rest, 0x03);
  if (point[0] !== 0) throw new NotDer('unused bits');
  return compressed(point.subarray(1));
}

/** SEC 1, 2.3.4: an uncompressed point must be on the curve, which its compressed form would not show. */
function compressed(point: Uint8Array): Uint8Array {
  if (point.length === 33) return point;
  if (point.length !== 65 || point[0] !== 4) throw new NotDer('form of the point');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((octets) => BigInt(`0x${hexOf(octets)}`)) as [bigint, bigint];
  if (x >= p || y >= p || (y * y - x ** 3n - 7n) % p !== 0n) throw new NotDer('not on the curve');
  return bytes(`0${2n + (y & 1n)}${hexOf(point.subarray(1, 33))}`);
}

/** What the reader or the kernel made of a case; `undefined` is a refusal by either. */
function accepted<T>(work: () => T | undefined): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotDer) return undefined;
    throw error;
  }
}

const { all } = await curveImplementations();
const ecdsaVectors = sharedVectors<Ecdsa>(ECDSA);
const ecdhVectors = sharedVectors<Ecdh>(ECDH);

test('three implementations run', () => assert.equal(all.length, 3));

suite('Wycheproof ECDSA', { skip: ecdsaVectors ? false : `left out: ${ECDSA}` }, () => {
  for (const kernels of all)
    test(kernels.name, () => {
      let cases = 0;
      for (const group of ecdsaVectors!.testGroups)
        for (const each of group.tests) {
          const valid = accepted(() =>
            kernels.verify(readSignature(bytes(each.sig)), sha256(bytes(each.msg)), compressed(bytes(group.publicKey.uncompressed)), false),
          );
          assert.equal(valid ?? false, each.result === 'valid', `case ${each.tcId}: ${each.comment}`);
          cases += 1;
        }
      assert.equal(cases, ecdsaVectors!.numberOfTests);
    });
});

suite('Wycheproof ECDH', { skip: ecdhVectors ? false : `left out: ${ECDH}` }, () => {
  for (const kernels of all)
    test(kernels.name, () => {
      let shared = 0;
      for (const each of ecdhVectors!.testGroups.flatMap(({ tests }) => tests)) {
        const secret = b32(BigInt(`0x${each.private}`));
        const point = accepted(() => ecdh(kernels, secret, readKey(bytes(each.public))));
        if (each.result !== 'acceptable') assert.equal(point !== undefined, each.result === 'valid', `case ${each.tcId}: ${each.comment}`);
        if (point === undefined) continue;
        assert.equal(hexOf(point.subarray(1)), each.shared, `case ${each.tcId}: ${each.comment}`);
        shared += 1;
      }
      assert.equal(shared, 474, 'shared points: the 473 valid cases, and one compressed key');
    });
});
