/**
 * What every implementation of CurveKernels must do: published answers, every edge of scalars and points, malleable and out-of-range
 * signatures, wrong lengths. The answers are published ones or follow from the group's laws; none comes from an implementation of ours.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { Point } from '@noble/secp256k1';
import type { CurveKernels } from '../../firmware/core/ports/index.js';

export const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
export const p = 2n ** 256n - 2n ** 32n - 977n;
/** x = 5 has no y; x = 1 has. */
const OFF_CURVE = 5n;
const ON_CURVE = 1n;

export const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
export const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
/** 32 octets. */
export const b32 = (value: bigint): Uint8Array => bytes((((value % 2n ** 256n) + 2n ** 256n) % 2n ** 256n).toString(16).padStart(64, '0'));
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const point = (k: bigint): string => hexOf(Point.BASE.multiply(((k % n) + n) % n).toBytes(true));
const inverse = (x: bigint): bigint => {
  let [result, base] = [1n, ((x % n) + n) % n];
  for (let e = n - 2n; e > 0n; e >>= 1n, base = (base * base) % n) if (e & 1n) result = (result * base) % n;
  return result;
};

export function publicKey(kernels: CurveKernels, secret: Uint8Array): Uint8Array | undefined {
  return answer(33, (out) => kernels.publicKey(out, secret));
}
export function sign(kernels: CurveKernels, digest: Uint8Array, secret: Uint8Array): Uint8Array | undefined {
  return answer(65, (out) => kernels.sign(out, digest, secret));
}
export function recover(kernels: CurveKernels, signature: Uint8Array, digest: Uint8Array): Uint8Array | undefined {
  return answer(33, (out) => kernels.recover(out, signature, digest));
}
export function ecdh(kernels: CurveKernels, secret: Uint8Array, peer: Uint8Array): Uint8Array | undefined {
  return answer(33, (out) => kernels.ecdh(out, secret, peer));
}
/** What was written, undefined if it was refused; a refusal writes nothing. */
function answer(length: number, job: (out: Uint8Array) => boolean): Uint8Array | undefined {
  const out = new Uint8Array(length).fill(0xaa);
  if (job(out)) return out;
  assert.ok(
    out.every((octet) => octet === 0xaa),
    'a refused job has written its result',
  );
  return undefined;
}

/** RFC 6979 with this curve and SHA-256: vectors in use since 2013 (secret, message, r, s); RFC 6979 itself has none for it. */
// prettier-ignore
const RFC6979: readonly (readonly [bigint, string, string])[] = [
  [1n, 'Satoshi Nakamoto', '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5'],
  [1n, 'All those moments will be lost in time, like tears in rain. Time to die...', '8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21'],
  [n - 1n, 'Satoshi Nakamoto', 'fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5'],
  [0xf8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181n, 'Alan Turing', '7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea'],
  [0xe91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2n, "There is a computer disease that anybody who works with computers knows about. It's a very serious disease and it interferes completely with the work. The trouble with computers is that you 'play' with them!", 'b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6'],
];

/** secret, address: of secret 1, of EIP-155's example, and of a well-known development account. */
const ADDRESSES: readonly (readonly [string, string])[] = [
  ['0000000000000000000000000000000000000000000000000000000000000001', '7e5f4552091a69125d5dfcb7b8c2659029395bdf'],
  ['4646464646464646464646464646464646464646464646464646464646464646', '9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f'],
  ['ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', 'f39fd6e51aad88f6f4ce6ab8827279cfffb92266'],
];

/** EIP-155's example: its signing hash; r and s as in its raw transaction, v = 37 being recovery id 0. */
const EIP155 = {
  digest: 'daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
  signature:
    '28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa63627667cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300',
};

export function curveSuite(kernels: CurveKernels): void {
  const goodSecret = b32(0x1234567890abcdefn << 100n);
  const digest: Uint8Array = sha256(text('meshbox'));
  const goodKey = publicKey(kernels, goodSecret)!;
  const goodSignature = sign(kernels, digest, goodSecret)!;
  const verify = (signature: Uint8Array, of = digest, key = goodKey, lowS = false): boolean =>
    kernels.verify(signature.subarray(0, 64), of, key, lowS);
  const badSecrets = [0n, n, n + 1n, 2n ** 256n - 1n].map(b32);
  const badKeys = [
    ...['00', '01', '04', '05', '06', '07', 'ff'].map((prefix) => bytes(prefix + hexOf(goodKey.subarray(1)))),
    ...[OFF_CURVE, p, p + ON_CURVE, 2n ** 256n - 1n].map((x) => bytes(`02${hexOf(b32(x))}`)),
    new Uint8Array(33),
  ];

  test('multiples of the generator at the edges', () => {
    for (const k of [1n, 2n, 3n, n - 1n, n - 2n, n / 2n, n / 2n + 1n, 2n ** 128n, 2n ** 255n])
      assert.equal(hexOf(publicKey(kernels, b32(k))!), point(k), `${k} G`);
    for (const secret of badSecrets) assert.equal(publicKey(kernels, secret), undefined);
  });

  test('published RFC 6979 signatures', () => {
    for (const [secret, message, expected] of RFC6979) {
      const signature = sign(kernels, sha256(text(message)), b32(secret))!;
      assert.equal(hexOf(signature.subarray(0, 64)), expected, message);
      assert.equal(hexOf(recover(kernels, signature, sha256(text(message)))!), point(secret));
    }
  });

  test('Ethereum addresses, and the signature of EIP-155', () => {
    for (const [secret, address] of ADDRESSES) {
      const key = publicKey(kernels, bytes(secret))!;
      assert.equal(hexOf(keccak_256(Point.fromHex(hexOf(key)).toBytes(false).subarray(1)).subarray(12)), address);
    }
    const signature = sign(kernels, bytes(EIP155.digest), bytes('46'.repeat(32)))!;
    assert.equal(hexOf(signature), EIP155.signature);
  });

  test('digests of every size are reduced alike', () => {
    for (const value of [0n, 1n, n - 1n, n, n + 1n, 2n ** 256n - 1n]) {
      const signature = sign(kernels, b32(value), goodSecret)!;
      assert.ok(verify(signature, b32(value), goodKey, true));
      assert.equal(hexOf(recover(kernels, signature, b32(value))!), hexOf(goodKey));
      if (value >= n) assert.equal(hexOf(signature), hexOf(sign(kernels, b32(value - n), goodSecret)!));
    }
  });

  test('secrets out of range are refused', () => {
    for (const secret of badSecrets) {
      assert.equal(sign(kernels, digest, secret), undefined);
      assert.equal(ecdh(kernels, secret, goodKey), undefined);
    }
  });

  test('the malleable half is refused where low S is asked for', () => {
    assert.ok(verify(goodSignature, digest, goodKey, true));
    const s = BigInt(`0x${hexOf(goodSignature.subarray(32, 64))}`);
    assert.ok(s <= n / 2n);
    const malleable = Uint8Array.from([...goodSignature.subarray(0, 32), ...b32(n - s), goodSignature[64]! ^ 1]);
    assert.ok(verify(malleable));
    assert.ok(!verify(malleable, digest, goodKey, true));
    assert.equal(hexOf(recover(kernels, malleable, digest)!), hexOf(goodKey));
  });

  test('signatures out of range are refused', () => {
    const r = goodSignature.subarray(0, 32);
    const s = goodSignature.subarray(32, 64);
    for (const bad of [0n, n, n + 1n, p, 2n ** 256n - 1n].map(b32))
      for (const signature of [
        Uint8Array.from([...bad, ...s, 0]),
        Uint8Array.from([...r, ...bad, 0]),
        Uint8Array.from([...bad, ...bad, 0]),
      ]) {
        assert.ok(!verify(signature));
        for (let id = 0; id < 4; id += 1)
          assert.equal(recover(kernels, Uint8Array.from([...signature.subarray(0, 64), id]), digest), undefined);
      }
    for (const id of [4, 5, 27, 28, 255])
      assert.equal(recover(kernels, Uint8Array.from([...goodSignature.subarray(0, 64), id]), digest), undefined, `recovery id ${id}`);
    // r + n is not below p, and no point has r for its x.
    assert.equal(recover(kernels, Uint8Array.from([...goodSignature.subarray(0, 64), 2]), digest), undefined);
    assert.equal(recover(kernels, Uint8Array.from([...b32(OFF_CURVE), ...s, 0]), digest), undefined);
  });

  test('a changed bit anywhere is refused', () => {
    for (let bit = 0; bit < 256; bit += 5) {
      const flip = (octets: Uint8Array, at: number): Uint8Array =>
        octets.map((octet, i) => (i === at >> 3 ? octet ^ (1 << (at & 7)) : octet));
      assert.ok(!verify(flip(goodSignature, bit)));
      assert.ok(!verify(flip(goodSignature, 256 + bit)));
      assert.ok(!verify(goodSignature, flip(digest, bit)));
      assert.ok(!verify(goodSignature, digest, flip(goodKey, 8 + bit)));
    }
    assert.ok(!verify(goodSignature, digest, Uint8Array.from([goodKey[0]! ^ 1, ...goodKey.subarray(1)])));
  });

  test('keys that are no points are refused', () => {
    for (const key of badKeys) {
      assert.ok(!verify(goodSignature, digest, key), hexOf(key));
      assert.equal(ecdh(kernels, goodSecret, key), undefined, hexOf(key));
    }
    assert.ok(ecdh(kernels, goodSecret, bytes(`02${hexOf(b32(ON_CURVE))}`)));
  });

  test('an x between n and p counts modulo n', () => {
    // The first point of such an x, as a nonce's point, with any s and digest: the key follows.
    let x = n + 1n;
    while (hasNoPoint(x)) x += 1n;
    for (const odd of [0, 1]) {
      const signature = Uint8Array.from([...b32(x - n), ...b32(7n), 2 | odd]);
      const nonce = Point.fromHex(`0${2 + odd}${hexOf(b32(x))}`);
      const scale = inverse(x - n);
      const z = BigInt(`0x${hexOf(digest)}`) % n;
      const key = nonce
        .multiply((7n * scale) % n)
        .subtract(Point.BASE.multiply((z * scale) % n))
        .toBytes(true);
      assert.equal(hexOf(recover(kernels, signature, digest)!), hexOf(key));
      assert.ok(verify(signature, digest, key));
      assert.notEqual(
        hexOf(recover(kernels, Uint8Array.from([...signature.subarray(0, 64), odd]), digest) ?? new Uint8Array()),
        hexOf(key),
      );
    }
  });

  test('sums at infinity are refused', () => {
    // r d = -z: u1 G + u2 Q is infinity, whatever s is.
    const d = 0xabcdefn;
    const z = BigInt(`0x${hexOf(digest)}`) % n;
    const r = (-z * inverse(d)) % n;
    const signature = Uint8Array.from([...b32(r + n), ...b32(99n)]);
    assert.ok(!verify(signature, digest, bytes(point(d))));
    // s k = z: the recovered key is infinity.
    const k = 0x123n;
    const x = bytes(point(k)).subarray(1);
    const odd = bytes(point(k))[0]! & 1;
    assert.equal(recover(kernels, Uint8Array.from([...x, ...b32((z * inverse(k)) % n), odd]), digest), undefined);
  });

  test('shared points', () => {
    for (const [a, b] of [
      [1n, 1n],
      [1n, n - 1n],
      [n - 1n, n - 1n],
      [2n, n / 2n],
      [3n, 2n ** 255n],
      [n - 2n, 12345n],
    ] as const)
      // prettier-ignore
      assert.equal(hexOf(ecdh(kernels, b32(a), bytes(point(b)))!), point(a * b), `${a} x ${b}`);
  });

  test('wrong lengths throw', () => {
    const long = (octets: Uint8Array): Uint8Array[] => [octets.subarray(1), Uint8Array.from([...octets, 0]), new Uint8Array()];
    const out33 = new Uint8Array(33);
    const out65 = new Uint8Array(65);
    const calls = [
      ...long(out33).map((out) => () => kernels.publicKey(out, goodSecret)),
      ...long(goodSecret).map((secret) => () => kernels.publicKey(out33, secret)),
      ...long(out65).map((out) => () => kernels.sign(out, digest, goodSecret)),
      ...long(digest).map((bad) => () => kernels.sign(out65, bad, goodSecret)),
      ...long(goodSecret).map((secret) => () => kernels.sign(out65, digest, secret)),
      ...long(goodSignature.subarray(0, 64)).map((bad) => () => kernels.verify(bad, digest, goodKey, true)),
      ...long(digest).map((bad) => () => kernels.verify(goodSignature.subarray(0, 64), bad, goodKey, true)),
      ...long(goodKey).map((bad) => () => kernels.verify(goodSignature.subarray(0, 64), digest, bad, true)),
      ...long(out33).map((out) => () => kernels.recover(out, goodSignature, digest)),
      ...long(goodSignature).map((bad) => () => kernels.recover(out33, bad, digest)),
      ...long(digest).map((bad) => () => kernels.recover(out33, goodSignature, bad)),
      ...long(out33).map((out) => () => kernels.ecdh(out, goodSecret, goodKey)),
      ...long(goodSecret).map((secret) => () => kernels.ecdh(out33, secret, goodKey)),
      ...long(goodKey).map((bad) => () => kernels.ecdh(out33, goodSecret, bad)),
    ];
    for (const call of calls) assert.throws(call, { code: 'kernel-length' });
  });
}

function hasNoPoint(x: bigint): boolean {
  try {
    Point.fromHex(`02${hexOf(b32(x))}`);
    return false;
  } catch {
    return true;
  }
}
