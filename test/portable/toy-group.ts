/**
 * A Diffie-Hellman group that is quick on every engine and worthless as one: powers of 3 modulo 65,537. For suites about protocols, whose machines ask
 * for points by jobs and cannot tell. The curve itself is in test/link and hosts/sim.
 */
import type { InlineCrypto } from '../../firmware/core/ports/index.js';
import type { Prng } from '../../firmware/core/base/index.js';

const PRIME = 65_537;

/** Key of a station: as long as one of the curve. Its secret is the number. */
export function keyOf(number: number): Uint8Array {
  return encode(power(3, number));
}

/** A station's jobs, and random octets from the generator. */
export function toyCrypto(number: number, prng: Prng): InlineCrypto {
  const shared = (peer: Uint8Array, exponent: number): Uint8Array | undefined => {
    const value = decode(peer);
    return value === undefined ? undefined : encode(power(value, exponent)).subarray(1);
  };
  return {
    random: (octets) => {
      const bytes = new Uint8Array(octets);
      for (let i = 0; i < octets; i += 1) bytes[i] = prng.below(256);
      return bytes;
    },
    run(job) {
      if (job.type === 'own-ecdh') return shared(job.peer, number);
      const exponent = (job.secret[0]! << 8) | job.secret[1]! | 1;
      return job.type === 'public-key' ? encode(power(3, exponent)) : shared(job.peer, exponent);
    },
  };
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let left = exponent; left > 0; left >>= 1) {
    if (left & 1) result = (result * base) % PRIME;
    base = (base * base) % PRIME;
  }
  return result;
}

function encode(value: number): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = 2;
  key[30] = value >> 16;
  key[31] = value >> 8;
  key[32] = value;
  return key;
}

function decode(key: Uint8Array): number | undefined {
  const value = (key[30]! << 16) | (key[31]! << 8) | key[32]!;
  return key[0] === 2 && value > 0 && value < PRIME ? value : undefined;
}
