/**
 * What every implementation of the hashes, MACs and AEAD must do. Known answers: FIPS 180-4's examples, the Keccak team's KAT for the original
 * padding, RFC 4231, RFC 5869 appendix A, RFC 8439 section 2.8.2 and appendix A.5.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { HashKind, Kernels } from '../../firmware/core/ports/index.js';
import { octets, seeded } from './seeded.js';

const SEED = 8439;
/** Around a block of sha256 (64, 56 with its length), of keccak (136), of chacha (64) and of poly1305 (16), and a chunk of the arena (1,024). */
const EDGES = [
  0, 1, 3, 15, 16, 17, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 135, 136, 137, 271, 272, 273, 1023, 1024, 1025, 2048, 3001,
];

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
export const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const text = (ascii: string): Uint8Array => Uint8Array.from(Buffer.from(ascii, 'latin1'));
const repeated = (octet: number, length: number): Uint8Array => new Uint8Array(length).fill(octet);

const noble: Record<HashKind, (data: Uint8Array) => Uint8Array> = { sha256, keccak256: keccak_256 };

function digestOf(kernels: Kernels, kind: HashKind, data: Uint8Array): string {
  const out = new Uint8Array(32);
  kernels[kind](out, data);
  return hexOf(out);
}

const KNOWN: readonly { kind: HashKind; data: Uint8Array; digest: string }[] = [
  { kind: 'sha256', data: text(''), digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  { kind: 'sha256', data: text('abc'), digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
  {
    kind: 'sha256',
    data: text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    digest: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
  { kind: 'sha256', data: repeated(0x61, 1_000_000), digest: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0' },
  { kind: 'keccak256', data: text(''), digest: 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470' },
  { kind: 'keccak256', data: bytes('cc'), digest: 'eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a' },
  { kind: 'keccak256', data: bytes('41fb'), digest: 'a8eaceda4d47b3281a795ad9e1ea2122b407baf9aabcb9e18b5717b7873537d2' },
  { kind: 'keccak256', data: text('abc'), digest: '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45' },
  { kind: 'keccak256', data: repeated(0x61, 1_000_000), digest: 'fadae6b49f129bbb812be8407b7b2894f34aecf6dbd1f9b0f0c7e9853098fc96' },
];

/** RFC 4231, cases 1 to 4, 6 and 7 (5 is truncated). */
const HMAC_KNOWN: readonly { key: Uint8Array; data: Uint8Array; mac: string }[] = [
  { key: repeated(0x0b, 20), data: text('Hi There'), mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7' },
  {
    key: text('Jefe'),
    data: text('what do ya want for nothing?'),
    mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  { key: repeated(0xaa, 20), data: repeated(0xdd, 50), mac: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe' },
  {
    key: bytes('0102030405060708090a0b0c0d0e0f10111213141516171819'),
    data: repeated(0xcd, 50),
    mac: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  },
  {
    key: repeated(0xaa, 131),
    data: text('Test Using Larger Than Block-Size Key - Hash Key First'),
    mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
  {
    key: repeated(0xaa, 131),
    data: text(
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    mac: '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  },
];

const range = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i);

/** RFC 5869, A.1 to A.3. */
const HKDF_KNOWN: readonly { ikm: Uint8Array; salt: Uint8Array; info: Uint8Array; okm: string }[] = [
  {
    ikm: repeated(0x0b, 22),
    salt: range(0, 13),
    info: range(0xf0, 10),
    okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    ikm: range(0, 80),
    salt: range(0x60, 80),
    info: range(0xb0, 80),
    okm:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
      'cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    ikm: repeated(0x0b, 22),
    salt: text(''),
    info: text(''),
    okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
];

const SUNSCREEN = text(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);

/** RFC 8439, 2.8.2, and A.5 the other way round. */
const AEAD_KNOWN: readonly { key: Uint8Array; nonce: Uint8Array; aad: Uint8Array; plain: Uint8Array; sealed: string }[] = [
  {
    key: range(0x80, 32),
    nonce: bytes('070000004041424344454647'),
    aad: bytes('50515253c0c1c2c3c4c5c6c7'),
    plain: SUNSCREEN,
    sealed:
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
      '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
  },
  {
    key: bytes('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0'),
    nonce: bytes('000000000102030405060708'),
    aad: bytes('f33388860000000000004e91'),
    plain: bytes(
      '496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c696420666f722061206d6178696d756d206f6620736978206d6f6e' +
        '74687320616e64206d617920626520757064617465642c207265706c616365642c206f72206f62736f6c65746564206279206f7468657220646f63756d656e7473206174' +
        '20616e792074696d652e20497420697320696e617070726f70726961746520746f2075736520496e7465726e65742d447261667473206173207265666572656e63' +
        '65206d6174657269616c206f7220746f2063697465207468656d206f74686572207468616e206173202fe2809c776f726b20696e2070726f67726573732e2fe2809d',
    ),
    sealed:
      '64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf33' +
      '2f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b916' +
      '6c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb231' +
      '6053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4' +
      '022b02709beead9d67890cbb22392336fea1851f38',
  },
];

const misuse = { code: 'kernel-length' };

export function kernelsSuite(kernels: Kernels): void {
  for (const kind of ['sha256', 'keccak256'] as const) {
    test(`${kind}: known answers`, () => {
      for (const known of KNOWN) if (known.kind === kind) assert.equal(digestOf(kernels, kind, known.data), known.digest);
    });

    test(`${kind}: every length up to 300, and around the chunk`, () => {
      const data = octets(seeded(SEED), 3001);
      for (let length = 0; length <= 300; length += 1)
        assert.equal(digestOf(kernels, kind, data.subarray(0, length)), hexOf(noble[kind](data.subarray(0, length))), `length ${length}`);
      for (const length of EDGES)
        assert.equal(digestOf(kernels, kind, data.subarray(0, length)), hexOf(noble[kind](data.subarray(0, length))), `length ${length}`);
    });

    test(`${kind}: in odd pieces, from odd addresses (seed ${SEED})`, () => {
      const random = seeded(SEED);
      for (let round = 0; round < 40; round += 1) {
        const data = octets(random, random(3000));
        kernels.hashStart(kind);
        for (let at = 0; at < data.length;) {
          const piece = random(3) === 0 ? random(1500) : random(80);
          kernels.hashUpdate(data.subarray(at, at + piece));
          at += piece;
        }
        const out = new Uint8Array(32);
        kernels.hashFinish(out);
        assert.equal(hexOf(out), hexOf(noble[kind](data)), `round ${round}`);
      }
    });

    test(`${kind}: one-shot hashes do not disturb a running one`, () => {
      const data = octets(seeded(SEED), 500);
      kernels.hashStart(kind);
      kernels.hashUpdate(data.subarray(0, 77));
      digestOf(kernels, 'sha256', data);
      digestOf(kernels, 'keccak256', data);
      kernels.hmacSha256(new Uint8Array(32), data, data);
      kernels.hashUpdate(data.subarray(77));
      const out = new Uint8Array(32);
      kernels.hashFinish(out);
      assert.equal(hexOf(out), hexOf(noble[kind](data)));
    });

    test(`${kind}: the digest may overwrite its data`, () => {
      const data = octets(seeded(SEED), 200);
      const expected = hexOf(noble[kind](data));
      kernels[kind](data.subarray(100, 132), data);
      assert.equal(hexOf(data.subarray(100, 132)), expected);
    });

    test(`${kind}: a digest has 32 octets`, () => {
      for (const length of [0, 31, 33]) assert.throws(() => kernels[kind](new Uint8Array(length), text('abc')), misuse);
      kernels.hashStart(kind);
      for (const length of [0, 31, 33]) assert.throws(() => kernels.hashFinish(new Uint8Array(length)), misuse);
      kernels.hashFinish(new Uint8Array(32));
    });
  }

  test('a running hash is started first and finished once', () => {
    const out = new Uint8Array(32);
    assert.throws(() => kernels.hashUpdate(out), { code: 'hash-not-started' });
    assert.throws(() => kernels.hashFinish(out), { code: 'hash-not-started' });
    kernels.hashStart('sha256');
    kernels.hashUpdate(text('left'));
    kernels.hashStart('keccak256');
    kernels.hashUpdate(text('abc'));
    kernels.hashFinish(out);
    assert.equal(hexOf(out), digestOf(kernels, 'keccak256', text('abc')));
    assert.throws(() => kernels.hashFinish(out), { code: 'hash-not-started' });
  });

  test('hmac-sha256: known answers', () => {
    for (const { key, data, mac } of HMAC_KNOWN) {
      const out = new Uint8Array(32);
      kernels.hmacSha256(out, key, data);
      assert.equal(hexOf(out), mac);
    }
  });

  test(`hmac-sha256: keys and data of edge lengths (seed ${SEED})`, () => {
    const random = seeded(SEED);
    for (const keyLength of [0, 1, 31, 32, 63, 64, 65, 1024, 1500])
      for (const length of [0, 1, 55, 56, 64, 1025]) {
        const [key, data] = [octets(random, keyLength), octets(random, length)];
        const out = new Uint8Array(32);
        kernels.hmacSha256(out, key, data);
        assert.equal(hexOf(out), hexOf(hmac(sha256, key, data)), `key ${keyLength}, data ${length}`);
      }
    assert.throws(() => kernels.hmacSha256(new Uint8Array(31), text('k'), text('d')), misuse);
  });

  test('hkdf-sha256: known answers', () => {
    for (const { ikm, salt, info, okm } of HKDF_KNOWN) {
      const out = new Uint8Array(okm.length / 2);
      kernels.hkdfSha256(out, ikm, salt, info);
      assert.equal(hexOf(out), okm);
    }
  });

  test(`hkdf-sha256: every size of output, any input, overlapping buffers (seed ${SEED})`, () => {
    const random = seeded(SEED);
    for (const length of [1, 31, 32, 33, 64, 255, 1000, 8160]) {
      const [ikm, salt, info] = [octets(random, random(200)), octets(random, random(100)), octets(random, random(1500))];
      const out = new Uint8Array(length);
      kernels.hkdfSha256(out, ikm, salt, info);
      assert.equal(hexOf(out), hexOf(hkdf(sha256, ikm, salt, info, length)), `length ${length}`);
    }
    const shared = octets(random, 200);
    const expected = hexOf(hkdf(sha256, shared.slice(0, 50), shared.slice(50, 80), shared.slice(80, 120), 150));
    kernels.hkdfSha256(shared.subarray(20, 170), shared.subarray(0, 50), shared.subarray(50, 80), shared.subarray(80, 120));
    assert.equal(hexOf(shared.subarray(20, 170)), expected);
    for (const length of [0, 8161]) assert.throws(() => kernels.hkdfSha256(new Uint8Array(length), shared, shared, shared), misuse);
  });

  test('chacha20-poly1305: known answers', () => {
    for (const { key, nonce, aad, plain, sealed } of AEAD_KNOWN) {
      const out = new Uint8Array(plain.length + 16);
      kernels.aeadSeal(out, key, nonce, aad, plain);
      assert.equal(hexOf(out), sealed);
      const opened = new Uint8Array(plain.length);
      assert.equal(kernels.aeadOpen(opened, key, nonce, aad, out), true);
      assert.equal(hexOf(opened), hexOf(plain));
    }
  });

  test(`chacha20-poly1305: edge lengths (seed ${SEED})`, () => {
    const random = seeded(SEED);
    for (const length of EDGES)
      for (const aadLength of [0, 1, 16, 17, 1024, 1030]) {
        const [key, nonce, aad, plain] = [octets(random, 32), octets(random, 12), octets(random, aadLength), octets(random, length)];
        const sealed = new Uint8Array(length + 16);
        kernels.aeadSeal(sealed, key, nonce, aad, plain);
        assert.equal(hexOf(sealed), hexOf(chacha20poly1305(key, nonce, aad).encrypt(plain)), `text ${length}, aad ${aadLength}`);
        const opened = repeated(1, length);
        assert.equal(kernels.aeadOpen(opened, key, nonce, aad, sealed), true);
        assert.equal(hexOf(opened), hexOf(plain));
      }
  });

  test('chacha20-poly1305: any changed bit is refused and the text zeroed', () => {
    const random = seeded(SEED);
    const [key, nonce, aad, plain] = [octets(random, 32), octets(random, 12), octets(random, 20), octets(random, 70)];
    const sealed = new Uint8Array(86);
    kernels.aeadSeal(sealed, key, nonce, aad, plain);
    const refused = (k: Uint8Array, n: Uint8Array, a: Uint8Array, s: Uint8Array, what: string): void => {
      const out = repeated(7, 70);
      assert.equal(kernels.aeadOpen(out, k, n, a, s), false, what);
      assert.equal(hexOf(out), hexOf(new Uint8Array(70)), what);
    };
    const changed = (of: Uint8Array, bit: number): Uint8Array => of.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
    for (let bit = 0; bit < 8 * sealed.length; bit += bit < 8 * 70 ? 9 : 1)
      refused(key, nonce, aad, changed(sealed, bit), `sealed bit ${bit}`);
    refused(changed(key, 100), nonce, aad, sealed, 'key');
    refused(key, changed(nonce, 40), aad, sealed, 'nonce');
    refused(key, nonce, changed(aad, 159), sealed, 'aad');
    refused(key, nonce, aad.subarray(1), sealed, 'shorter aad');
    const opened = new Uint8Array(70);
    assert.equal(kernels.aeadOpen(opened, key, nonce, aad, sealed), true);
  });

  test('chacha20-poly1305: text, key, nonce, aad and output may overlap', () => {
    const random = seeded(SEED);
    const [key, nonce, aad, plain] = [octets(random, 32), octets(random, 12), octets(random, 20), octets(random, 2500)];
    const expected = hexOf(chacha20poly1305(key, nonce, aad).encrypt(plain));
    for (const [textAt, outAt] of [
      [100, 100],
      [100, 0],
      [0, 100],
      [0, 7],
      [64, 0],
    ] as const) {
      const shared = new Uint8Array(4000);
      shared.set(plain, textAt);
      kernels.aeadSeal(shared.subarray(outAt, outAt + 2516), key, nonce, aad, shared.subarray(textAt, textAt + 2500));
      assert.equal(hexOf(shared.subarray(outAt, outAt + 2516)), expected, `sealed from ${textAt} to ${outAt}`);
      shared.copyWithin(textAt, outAt, outAt + 2516);
      assert.ok(kernels.aeadOpen(shared.subarray(outAt, outAt + 2500), key, nonce, aad, shared.subarray(textAt, textAt + 2516)));
      assert.equal(hexOf(shared.subarray(outAt, outAt + 2500)), hexOf(plain), `opened from ${textAt} to ${outAt}`);
    }
    const shared = new Uint8Array(80);
    shared.set(key);
    shared.set(nonce, 32);
    shared.set(aad, 44);
    kernels.aeadSeal(
      shared.subarray(0, 66),
      shared.subarray(0, 32),
      shared.subarray(32, 44),
      shared.subarray(44, 64),
      plain.subarray(0, 50),
    );
    assert.equal(hexOf(shared.subarray(0, 66)), hexOf(chacha20poly1305(key, nonce, aad).encrypt(plain.subarray(0, 50))));
  });

  test('chacha20-poly1305: wrong lengths', () => {
    const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
    const sealed = new Uint8Array(26);
    for (const length of [0, 31, 33]) {
      assert.throws(() => kernels.aeadSeal(sealed, new Uint8Array(length), nonce, none, new Uint8Array(10)), misuse);
      assert.throws(() => kernels.aeadOpen(new Uint8Array(10), new Uint8Array(length), nonce, none, sealed), misuse);
    }
    for (const length of [0, 11, 13])
      assert.throws(() => kernels.aeadSeal(sealed, key, new Uint8Array(length), none, new Uint8Array(10)), misuse);
    for (const length of [9, 11]) {
      assert.throws(() => kernels.aeadSeal(sealed, key, nonce, none, new Uint8Array(length)), misuse);
      assert.throws(() => kernels.aeadOpen(new Uint8Array(length), key, nonce, none, sealed), misuse);
    }
    assert.throws(() => kernels.aeadOpen(none, key, nonce, none, new Uint8Array(15)), misuse);
  });

  test(`random jobs agree with noble (seed ${SEED})`, () => {
    const random = seeded(SEED);
    for (let i = 0; i < 300; i += 1) {
      const [key, nonce, aad, data] = [octets(random, 32), octets(random, 12), octets(random, random(60)), octets(random, random(400))];
      assert.equal(digestOf(kernels, 'sha256', data), hexOf(sha256(data)), `job ${i}`);
      assert.equal(digestOf(kernels, 'keccak256', data), hexOf(keccak_256(data)), `job ${i}`);
      const sealed = new Uint8Array(data.length + 16);
      kernels.aeadSeal(sealed, key, nonce, aad, data);
      assert.equal(hexOf(sealed), hexOf(chacha20poly1305(key, nonce, aad).encrypt(data)), `job ${i}`);
    }
  });
}
