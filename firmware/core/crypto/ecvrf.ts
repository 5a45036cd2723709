/**
 * ECVRF over secp256k1 with SHA-256 and try-and-increment (draft-irtf-cfrg-vrf-06, section 5; suite 0xfe as in witnet/vrf-rs and vechain/go-ecvrf,
 * whose known answer is the test: RFC 9381 names no suite for this curve). A key and an input give one output, which only the key's holder can
 * make and everyone can check. Proof: gamma 33 | c 16 | s 32.
 *
 * Multiplications are the kernels'; what is left for the language is a dozen operations modulo p and n, on data that is public but for `prove`'s
 * one sum, whose terms are blinded by the nonce.
 */
import { concat } from '../base/index.js';
import type { CurveKernels, Kernels } from '../ports/index.js';

export const VRF_PROOF_SIZE = 81;

/** SEC 2, section 2.4.1. */
const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SUITE = 0xfe;
const HASH_TO_CURVE = 1;
const CHALLENGE = 2;
const OUTPUT = 3;
const POINT = 33;
const CHALLENGE_SIZE = 16;

export interface VrfKernels {
  readonly curve: CurveKernels;
  readonly hashes: Pick<Kernels, 'sha256' | 'hmacSha256'>;
}

/** key: the public key of `secret`, 33 octets. Undefined for a bad secret. */
export function proveVrf({ curve, hashes }: VrfKernels, secret: Uint8Array, key: Uint8Array, input: Uint8Array): Uint8Array | undefined {
  const hashed = hashToCurve(hashes, key, input, (point) => multiply(curve, secret, point));
  const nonce = hashed && rfc6979(hashes, secret, sha256(hashes, hashed.point));
  const kB = new Uint8Array(POINT);
  const kH = nonce && multiply(curve, nonce, hashed.point);
  if (!kH || !curve.publicKey(kB, nonce)) return undefined;
  const c = challenge(hashes, hashed.point, hashed.product, kB, kH);
  const s = (toInteger(nonce) + toInteger(c) * toInteger(secret)) % N;
  return concat(hashed.product, c, toOctets(s));
}

/** The output, 32 octets; undefined if the proof is not the key's for this input. */
export function verifyVrf({ curve, hashes }: VrfKernels, key: Uint8Array, input: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  if (proof.length !== VRF_PROOF_SIZE) return undefined;
  const gamma = proof.subarray(0, POINT);
  const c = proof.subarray(POINT, POINT + CHALLENGE_SIZE);
  const s = proof.subarray(POINT + CHALLENGE_SIZE);
  const scalar = concat(new Uint8Array(32 - CHALLENGE_SIZE), c);
  const hashed = hashToCurve(hashes, key, input, (point) => multiply(curve, s, point));
  const sB = new Uint8Array(POINT);
  const cY = multiply(curve, scalar, key);
  const cGamma = multiply(curve, scalar, gamma);
  if (!hashed || !cY || !cGamma || !curve.publicKey(sB, s)) return undefined;
  const u = subtract(sB, cY);
  const v = subtract(hashed.product, cGamma);
  if (!u || !v) return undefined;
  const expected = challenge(hashes, hashed.point, gamma, u, v);
  return c.every((octet, i) => octet === expected[i]) ? vrfOutput(hashes, gamma) : undefined;
}

/** The output of a proof that has been checked, or is our own. */
export function vrfOutput(hashes: Pick<Kernels, 'sha256'>, proof: Uint8Array): Uint8Array {
  return sha256(hashes, concat(Uint8Array.of(SUITE, OUTPUT), proof.subarray(0, POINT)));
}

/** The first candidate that is a point, with its product: each is one with probability 1/2, so 256 in a row are none with 2^-256. */
function hashToCurve(
  hashes: Pick<Kernels, 'sha256'>,
  key: Uint8Array,
  input: Uint8Array,
  product: (point: Uint8Array) => Uint8Array | undefined,
): { readonly point: Uint8Array; readonly product: Uint8Array } | undefined {
  for (let counter = 0; counter < 256; counter += 1) {
    const candidate = sha256(hashes, concat(Uint8Array.of(SUITE, HASH_TO_CURVE), key, input, Uint8Array.of(counter)));
    const point = concat(Uint8Array.of(2), candidate);
    const found = product(point);
    if (found) return { point, product: found };
  }
  return undefined;
}

function challenge(hashes: Pick<Kernels, 'sha256'>, ...points: readonly Uint8Array[]): Uint8Array {
  return sha256(hashes, concat(Uint8Array.of(SUITE, CHALLENGE), ...points)).slice(0, CHALLENGE_SIZE);
}

/** RFC 6979 section 3.2 for SHA-256 and a group order of 256 bits. */
function rfc6979(hashes: Pick<Kernels, 'hmacSha256'>, secret: Uint8Array, digest: Uint8Array): Uint8Array {
  const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
    const out = new Uint8Array(32);
    hashes.hmacSha256(out, key, concat(...parts));
    return out;
  };
  const seed = concat(secret, toOctets(toInteger(digest) % N));
  let v = new Uint8Array(32).fill(1);
  let k = hmac(new Uint8Array(32), v, Uint8Array.of(0), seed);
  v = new Uint8Array(hmac(k, v));
  k = hmac(k, v, Uint8Array.of(1), seed);
  v = new Uint8Array(hmac(k, v));
  for (;;) {
    v = new Uint8Array(hmac(k, v));
    const nonce = toInteger(v);
    if (nonce > 0n && nonce < N) return v;
    k = hmac(k, v, Uint8Array.of(0));
    v = new Uint8Array(hmac(k, v));
  }
}

function multiply(curve: CurveKernels, scalar: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(POINT);
  return curve.ecdh(out, scalar, point) ? out : undefined;
}

/** a - b for points of the curve; undefined if that is infinity. */
function subtract(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
  const [x1, y1] = affine(a);
  const [x2, minus] = affine(b);
  const y2 = P - minus;
  if (x1 === x2 && y1 !== y2) return undefined;
  const slope = x1 === x2 ? 3n * x1 * x1 * power(2n * y1, P - 2n) : (y2 - y1 + P) * power(x2 - x1 + P, P - 2n);
  const x = modulo(slope * slope - x1 - x2);
  const y = modulo(slope * (x1 - x) - y1);
  return concat(Uint8Array.of((y & 1n) === 0n ? 2 : 3), toOctets(x));
}

/** SEC 1, section 2.3.4; the kernels gave the point, so it is on the curve. */
function affine(point: Uint8Array): readonly [bigint, bigint] {
  const x = toInteger(point.subarray(1));
  const root = power(x * x * x + 7n, (P + 1n) / 4n);
  return [x, (root & 1n) === BigInt(point[0]! & 1) ? root : P - root];
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function modulo(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function toInteger(octets: Uint8Array): bigint {
  let value = 0n;
  for (const octet of octets) value = (value << 8n) | BigInt(octet);
  return value;
}

function toOctets(value: bigint): Uint8Array {
  const octets = new Uint8Array(32);
  let rest = value;
  for (let i = 31; i >= 0; i -= 1) {
    octets[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return octets;
}

function sha256(hashes: Pick<Kernels, 'sha256'>, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  hashes.sha256(out, data);
  return out;
}
