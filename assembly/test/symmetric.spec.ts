/** Hashes, MACs, AEAD and tables from inside: what lies where, what is written, what is wiped, and Poly1305 at the edges of its arithmetic. */
import { aeadFinish, aeadSeal, aeadStart, aeadVerify } from '../kernels/chacha20-poly1305';
import { CURVE_END } from '../kernels/curve-memory';
import { filterSeen } from '../kernels/duplicate-filter';
import { hkdfExtract, hkdfFinish, hkdfStart } from '../kernels/hkdf';
import { hmacFinish, hmacKey, hmacStart, hmacUpdate } from '../kernels/hmac';
import { keccakFinish, keccakStart, keccakUpdate } from '../kernels/keccak256';
import {
  ARENA,
  CHACHA,
  CHUNK,
  CURVE,
  HKDF,
  HMAC,
  HMAC_SIZE,
  INPUT,
  KECCAK,
  KECCAK_RUNNING,
  KECCAK_SCRATCH,
  KECCAK_SIZE,
  KEY,
  NONCE,
  OUT,
  POLY,
  SHA256,
  SHA256_RUNNING,
  SHA256_SIZE,
  TAG,
} from '../kernels/memory';
import { polyBlocks, polyFinish, polyStart } from '../kernels/poly1305';
import { routeFind, routeLookup, routeSize, routeUpdate } from '../kernels/route-table';
import { sha256Finish, sha256Start, sha256Update } from '../kernels/sha256';

const MARK: u8 = 0xa5;

function mark(from: usize, to: usize): void {
  memory.fill(from, MARK, to - from);
}

function marked(from: usize, to: usize): bool {
  for (let at = from; at < to; at += 1) if (load<u8>(at) != MARK) return false;
  return true;
}

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

function isZero(from: usize, length: usize): bool {
  for (let at = from; at < from + length; at += 1) if (load<u8>(at)) return false;
  return true;
}

describe('the map of memory', () => {
  it('places everything in order, aligned, inside the arena', () => {
    const places: usize[] = [
      KECCAK,
      KECCAK_RUNNING,
      KECCAK_SCRATCH,
      SHA256,
      SHA256_RUNNING,
      HMAC,
      HKDF,
      CHACHA,
      POLY,
      KEY,
      NONCE,
      TAG,
      OUT,
      INPUT,
      CURVE,
    ];
    for (let i = 1; i < places.length; i += 1) {
      expect(places[i]).toBeGreaterThan(places[i - 1]);
      expect(places[i] & 3).toBe(0);
    }
    expect(SHA256 - KECCAK_SCRATCH).toBeGreaterThanOrEqual(220);
    expect(KEY - POLY).toBeGreaterThanOrEqual(60);
    expect(INPUT - OUT).toBeGreaterThanOrEqual(32);
    expect(CURVE - INPUT).toBe(CHUNK);
    expect(CHUNK % 64).toBe(0, 'an AEAD piece is whole blocks');
    expect(CURVE_END).toBeLessThanOrEqual(ARENA);
  });
});

describe('a hash', () => {
  it('keccak256 writes its context and its scratch, and nothing of the curve', () => {
    mark(0, ARENA);
    keccakStart(KECCAK);
    keccakUpdate(KECCAK, INPUT, 300);
    keccakFinish(KECCAK, OUT);
    expect(marked(KECCAK_RUNNING, KECCAK_SCRATCH)).toBe(true);
    expect(marked(SHA256, OUT)).toBe(true);
    expect(marked(OUT + 32, ARENA)).toBe(true);
  });

  it('sha256 writes its context alone', () => {
    mark(0, ARENA);
    sha256Start(SHA256_RUNNING);
    sha256Update(SHA256_RUNNING, INPUT, 300);
    sha256Finish(SHA256_RUNNING, OUT);
    expect(marked(0, SHA256_RUNNING)).toBe(true);
    expect(marked(SHA256_RUNNING + SHA256_SIZE, OUT)).toBe(true);
    expect(marked(OUT + 32, ARENA)).toBe(true);
  });

  it('HMAC and HKDF write theirs', () => {
    mark(0, ARENA);
    hmacKey(HMAC, INPUT, 64);
    hmacStart(HMAC);
    hmacUpdate(HMAC, INPUT, 100);
    hkdfExtract();
    hkdfStart();
    hkdfFinish(OUT);
    hmacStart(HMAC);
    hmacFinish(HMAC, OUT);
    expect(marked(0, HMAC)).toBe(true);
    expect(HKDF).toBe(HMAC + HMAC_SIZE);
    expect(marked(HKDF + 36, OUT)).toBe(true);
    expect(marked(OUT + 32, ARENA)).toBe(true);
  });

  it('contexts of one kind run side by side', () => {
    put(INPUT, '616263');
    keccakStart(KECCAK);
    keccakStart(KECCAK_RUNNING);
    keccakUpdate(KECCAK, INPUT, 1);
    keccakUpdate(KECCAK_RUNNING, INPUT, 3);
    keccakUpdate(KECCAK, INPUT + 1, 2);
    keccakFinish(KECCAK_RUNNING, OUT);
    const first = get(OUT, 32);
    keccakFinish(KECCAK, OUT);
    expect(get(OUT, 32)).toBe(first);
    expect(first).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
  });
});

describe('the AEAD', () => {
  it('leaves no key behind and does not touch the curve', () => {
    mark(0, ARENA);
    aeadStart();
    aeadSeal(100);
    aeadFinish();
    expect(isZero(KEY, 32)).toBe(true);
    expect(isZero(CHACHA, 64)).toBe(true);
    expect(isZero(POLY, 52)).toBe(true);
    expect(marked(0, CHACHA)).toBe(true);
    expect(marked(CURVE, ARENA)).toBe(true);
  });

  it('compares every octet of the tag', () => {
    for (let wrong = -1; wrong < 16; wrong += 1) {
      mark(KEY, OUT);
      aeadStart();
      aeadFinish();
      memory.copy(TAG, OUT, 16);
      if (wrong >= 0) store<u8>(TAG + wrong, load<u8>(TAG + wrong) ^ 0x80);
      mark(KEY, TAG);
      aeadStart();
      expect(aeadVerify()).toBe(u32(wrong < 0));
    }
  });
});

/** RFC 8439, A.3: key, whole blocks, tag. */
function poly(key: string, text: string): string {
  put(INPUT, key);
  polyStart(INPUT);
  put(INPUT, text);
  polyBlocks(INPUT, text.length >> 1);
  polyFinish(OUT);
  return get(OUT, 16);
}

const ONES = 'ffffffffffffffffffffffffffffffff';
const ZEROS = '00000000000000000000000000000000';
const TWO = '02000000000000000000000000000000';

describe('poly1305 at the edges (RFC 8439, A.3)', () => {
  it('7: 2^130 - 1 is brought below p', () => {
    expect(poly(TWO + ZEROS, ONES)).toBe('03000000000000000000000000000000');
  });
  it('8: what is added at the end wraps', () => {
    expect(poly(TWO + ONES, TWO)).toBe('03000000000000000000000000000000');
  });
  it('9: a full block, then the smallest carry', () => {
    expect(
      poly('01000000000000000000000000000000' + ZEROS, ONES + 'f0ffffffffffffffffffffffffffffff' + '11000000000000000000000000000000'),
    ).toBe('05000000000000000000000000000000');
  });
  it('10: h is exactly p', () => {
    expect(
      poly('01000000000000000000000000000000' + ZEROS, ONES + 'fbfefefefefefefefefefefefefefefe' + '01010101010101010101010101010101'),
    ).toBe(ZEROS);
  });
  it('11: h is p + 1 less a multiple', () => {
    expect(poly(TWO + ZEROS, 'fdffffffffffffffffffffffffffffff')).toBe('faffffffffffffffffffffffffffffff');
  });
  it('12 and 13: carries through all limbs', () => {
    const key = '01000000000000000400000000000000' + ZEROS;
    const blocks = 'e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000' + ZEROS;
    expect(poly(key, blocks + '01000000000000000000000000000000')).toBe('14000000000000005500000000000000');
    expect(poly(key, blocks)).toBe('13000000000000000000000000000000');
  });
});

describe('tables', () => {
  const table: usize = 4096;

  it('the filter writes inside its memory only', () => {
    mark(0, ARENA);
    memory.fill(table, 0, 128);
    for (let i: u32 = 0; i < 200; i += 1) filterSeen(table, 4, 20, i * 0x01234567, i, i);
    expect(filterSeen(table, 4, 20, 199 * 0x01234567, 199, 199)).toBe(1);
    expect(marked(0, table)).toBe(true);
    expect(marked(table + 128, ARENA)).toBe(true);
  });

  it('routes are written inside their memory only', () => {
    mark(0, ARENA);
    memory.fill(table, 0, 256);
    for (let i: u32 = 0; i < 100; i += 1) routeUpdate(table, 7, i * 0x9e3779b1, i, i % 7, i, 1000 - i, 1, i);
    expect(routeSize(table, 7)).toBe(8);
    expect(marked(0, table)).toBe(true);
    expect(marked(table + 256, ARENA)).toBe(true);
  });

  it('a full table answers for what it does not hold', () => {
    memory.fill(table, 0, 32);
    expect(routeFind(table, 0, 1, 2)).toBe(-1);
    expect(routeUpdate(table, 0, 1, 2, 9, 0, 10, 1, 0)).toBe(2, 'found');
    expect(routeFind(table, 0, 1, 2)).toBe(0);
    expect(routeFind(table, 0, 1, 3)).toBe(-1);
    expect(routeLookup(table, 0, 1, 2, -1)).toBe(9);
    expect(routeLookup(table, 0, 1, 2, 9)).toBe(-1);
    expect(routeUpdate(table, 0, 3, 4, 9, 0, 10, 1, 0)).toBe(5, 'full');
  });
});
