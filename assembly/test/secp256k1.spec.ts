/** The curve's kernels at their border: every reason code, what is written, what is wiped; and the nonces of RFC 6979 by its own example. */
import { AFFINE, BATCH, BATCH_MOST, CURVE_END, CURVE_ZERO, SCALAR0, SCALAR1, SCALAR2 } from '../kernels/curve-memory';
import { DIGEST, NONCE_HMAC, HMAC_SIZE, POINT, SECRET, SIGNATURE } from '../kernels/memory';
import { nonceNext, nonceRefuse, nonceStart } from '../kernels/rfc6979';
import * as secp from '../kernels/secp256k1';
import { fromOctets, toOctets } from '../kernels/words';

const N = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
const N_PLUS_1 = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142';
const ZERO = '0000000000000000000000000000000000000000000000000000000000000000';
const ONE = '0000000000000000000000000000000000000000000000000000000000000001';
const ONES = 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff';
const G = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const G_Y = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8';
/** No point has this x. */
const NO_POINT = '020000000000000000000000000000000000000000000000000000000000000005';

function put(at: usize, hex: string): void {
  for (let i = 0; i < hex.length; i += 2) store<u8>(at + (i >> 1), <u8>parseInt(hex.substr(i, 2), 16));
}

function get(at: usize, length: i32): string {
  let hex = '';
  for (let i = 0; i < length; i += 1) {
    const octet = load<u8>(at + i);
    hex += (octet < 16 ? '0' : '') + octet.toString(16);
  }
  return hex;
}

/** True if every octet is zero. */
function zero(at: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i += 1) if (load<u8>(at + i)) return false;
  return true;
}

/** A secret job left nothing of itself. */
function wiped(): bool {
  return zero(SECRET, 32) && zero(NONCE_HMAC, HMAC_SIZE) && zero(CURVE_ZERO, CURVE_END - CURVE_ZERO);
}

/** A signature of ONE's secret over ONE's digest at SIGNATURE, its key at POINT. */
function signed(): void {
  put(SECRET, ONE);
  put(DIGEST, ONE);
  secp.secpSign();
  put(POINT, G);
}

describe('secrets', () => {
  test('0, n and more are refused by every job that takes one, and wiped', () => {
    const bad: string[] = [ZERO, N, N_PLUS_1, ONES];
    for (let i = 0; i < bad.length; i += 1) {
      put(POINT, G);
      put(SIGNATURE, ONES);
      put(SECRET, bad[i]);
      expect(secp.secpPublicKey()).toBe(secp.SECP_BAD_SECRET);
      put(SECRET, bad[i]);
      expect(secp.secpSign()).toBe(secp.SECP_BAD_SECRET);
      put(SECRET, bad[i]);
      expect(secp.secpSignBatch(1)).toBe(secp.SECP_BAD_SECRET);
      put(SECRET, bad[i]);
      expect(secp.secpEcdh()).toBe(secp.SECP_BAD_SECRET);
      expect(wiped()).toBe(true);
      expect(get(POINT, 33)).toBe(G);
      expect(get(SIGNATURE, 32)).toBe(ONES);
    }
  });

  test('leave nothing behind', () => {
    put(SECRET, ONE);
    expect(secp.secpPublicKey()).toBe(secp.SECP_OK);
    expect(get(POINT, 33)).toBe(G);
    expect(wiped()).toBe(true);
    signed();
    expect(wiped()).toBe(true);
    put(SECRET, ONE);
    expect(secp.secpEcdh()).toBe(secp.SECP_OK);
    expect(get(POINT, 33)).toBe(G);
    expect(wiped()).toBe(true);
    put(SECRET, ONE);
    put(POINT, NO_POINT);
    expect(secp.secpEcdh()).toBe(secp.SECP_BAD_POINT);
    expect(wiped()).toBe(true);
  });
});

describe('signatures', () => {
  test('verification says why not', () => {
    signed();
    expect(secp.secpVerify(true)).toBe(secp.SECP_OK);
    put(DIGEST, ONES);
    expect(secp.secpVerify(true)).toBe(secp.SECP_MISMATCH);
    put(POINT, NO_POINT);
    expect(secp.secpVerify(true)).toBe(secp.SECP_BAD_POINT);
    put(SIGNATURE + 32, N);
    expect(secp.secpVerify(true)).toBe(secp.SECP_BAD_SIGNATURE);
    put(SIGNATURE + 32, '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1'); // n / 2, rounded up
    put(POINT, G);
    expect(secp.secpVerify(true)).toBe(secp.SECP_HIGH_S);
    expect(secp.secpVerify(false)).toBe(secp.SECP_MISMATCH);
    put(SIGNATURE + 32, '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'); // n / 2, rounded down
    expect(secp.secpVerify(true)).toBe(secp.SECP_MISMATCH);
  });

  test('recovery says why not', () => {
    signed();
    put(POINT, NO_POINT);
    expect(secp.secpRecover()).toBe(secp.SECP_OK);
    expect(get(POINT, 33)).toBe(G);
    store<u8>(SIGNATURE, 4, 64);
    expect(secp.secpRecover()).toBe(secp.SECP_BAD_SIGNATURE);
    store<u8>(SIGNATURE, 2, 64);
    expect(secp.secpRecover()).toBe(secp.SECP_BAD_SIGNATURE);
    put(SIGNATURE, NO_POINT.substr(2));
    store<u8>(SIGNATURE, 0, 64);
    expect(secp.secpRecover()).toBe(secp.SECP_BAD_SIGNATURE);
    expect(get(POINT, 33)).toBe(G);
  });

  test('a batch is of one to BATCH_MOST', () => {
    put(SECRET, ONE);
    expect(secp.secpSignBatch(0)).toBe(secp.SECP_BAD_COUNT);
    put(SECRET, ONE);
    expect(secp.secpSignBatch(BATCH_MOST + 1)).toBe(secp.SECP_BAD_COUNT);
    expect(wiped()).toBe(true);
    signed();
    const expected = get(SIGNATURE, 65);
    put(BATCH, ONE);
    put(BATCH + 100, ONE);
    put(SECRET, ONE);
    expect(secp.secpSignBatch(2)).toBe(secp.SECP_OK);
    expect(get(BATCH + 32, 65)).toBe(expected);
    expect(get(BATCH + 132, 65)).toBe(expected);
    expect(wiped()).toBe(true);
  });
});

describe('forms of a point', () => {
  test('taken apart and put together', () => {
    put(POINT, G);
    expect(secp.secpDecompress()).toBe(secp.SECP_OK);
    expect(get(AFFINE, 64)).toBe(G.substr(2) + G_Y);
    put(POINT, NO_POINT);
    expect(secp.secpDecompress()).toBe(secp.SECP_BAD_POINT);
    expect(secp.secpCompress()).toBe(secp.SECP_OK);
    expect(get(POINT, 33)).toBe(G);
    put(AFFINE + 32, ONES);
    expect(secp.secpCompress()).toBe(secp.SECP_BAD_POINT);
  });
});

describe('nonces', () => {
  /** RFC 6979, A.2.5, "sample" with SHA-256: its group has 256 bits too, and x and the digest are below both orders. */
  test('are those of RFC 6979, and a refused one has a successor', () => {
    put(SECRET, 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
    put(DIGEST, 'af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf');
    fromOctets(SCALAR0, SECRET);
    fromOctets(SCALAR1, DIGEST);
    nonceStart(SCALAR0, SCALAR1);
    nonceNext(SCALAR2);
    toOctets(SECRET, SCALAR2);
    expect(get(SECRET, 32)).toBe('a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60');
    // The next ones by step h.3, computed with another HMAC.
    nonceRefuse();
    nonceNext(SCALAR2);
    toOctets(SECRET, SCALAR2);
    expect(get(SECRET, 32)).toBe('8e83dc490bc5fc4d5992bd63cd87f254adffcb930f8a8011702a88870f638fdb');
    nonceRefuse();
    nonceNext(SCALAR2);
    toOctets(SECRET, SCALAR2);
    expect(get(SECRET, 32)).toBe('7b8dc9ad8ce159abca1b9915fc1470e91d5ad2443b3032557e78f47e180ab702');
  });
});
