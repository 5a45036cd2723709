/** Wycheproof's cases for ChaCha20-Poly1305, HKDF-SHA-256 and HMAC-SHA-256 (C2SP, Apache-2.0), over every implementation. Read from beside the project. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { implementations } from './implementations.js';
import { bytes, hexOf } from './kernels-suite.js';
import { sharedVectors } from './shared-vectors.js';

interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}
interface Vectors<G> {
  readonly numberOfTests: number;
  readonly testGroups: readonly G[];
}
interface AeadGroup {
  readonly tests: readonly (Case & { key: string; iv: string; aad: string; msg: string; ct: string; tag: string })[];
}
interface HkdfGroup {
  readonly tests: readonly (Case & { ikm: string; salt: string; info: string; size: number; okm: string })[];
}
interface MacGroup {
  readonly tagSize: number;
  readonly tests: readonly (Case & { key: string; msg: string; tag: string })[];
}

const { all, close } = await implementations();
after(close);

test('three implementations run', () => assert.equal(all.length, 3));

/** Runs each case; the file says how many there are. */
function wycheproof<G extends { readonly tests: readonly Case[] }>(
  file: string,
  run: (kernels: (typeof all)[number], group: G, each: G['tests'][number]) => boolean,
): void {
  const vectors = sharedVectors<Vectors<G>>(file);
  for (const kernels of all)
    test(`${file}: ${kernels.name}`, { skip: vectors === undefined && `left out: ${file} is not beside the project` }, () => {
      let count = 0;
      for (const group of vectors!.testGroups)
        for (const each of group.tests) {
          assert.equal(run(kernels, group, each), each.result === 'valid', `case ${each.tcId}: ${each.comment}`);
          count += 1;
        }
      assert.equal(count, vectors!.numberOfTests);
    });
}

wycheproof<AeadGroup>('wycheproof-chacha20_poly1305_test.json', (kernels, _, each) => {
  const [key, nonce, aad, plain] = [bytes(each.key), bytes(each.iv), bytes(each.aad), bytes(each.msg)];
  const sealed = bytes(each.ct + each.tag);
  const out = new Uint8Array(plain.length);
  if (nonce.length !== 12) {
    assert.throws(() => kernels.aeadOpen(out, key, nonce, aad, sealed), { code: 'kernel-length' });
    return false;
  }
  const opened = kernels.aeadOpen(out, key, nonce, aad, sealed);
  if (opened) {
    assert.equal(hexOf(out), each.msg);
    const again = new Uint8Array(sealed.length);
    kernels.aeadSeal(again, key, nonce, aad, plain);
    assert.equal(hexOf(again), hexOf(sealed));
  }
  return opened;
});

wycheproof<HkdfGroup>('wycheproof-hkdf_sha256_test.json', (kernels, _, each) => {
  const out = new Uint8Array(each.size);
  const derive = (): void => kernels.hkdfSha256(out, bytes(each.ikm), bytes(each.salt), bytes(each.info));
  if (each.size > 8160) {
    assert.throws(derive, { code: 'kernel-length' });
    return false;
  }
  derive();
  return hexOf(out) === each.okm;
});

wycheproof<MacGroup>('wycheproof-hmac_sha256_test.json', (kernels, { tagSize }, each) => {
  const out = new Uint8Array(32);
  kernels.hmacSha256(out, bytes(each.key), bytes(each.msg));
  return hexOf(out.subarray(0, tagSize / 8)) === each.tag;
});
