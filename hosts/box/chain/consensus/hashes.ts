/** What is hashed and signed, octet by octet (firmware/core/wire: outer-header.ts, chain.cddl). */
import { ByteWriter, concat, hex } from '../../../../firmware/core/base/index.js';
import {
  encodeOuterHeader,
  OUTER_HEADER_HASHED,
  OUTER_HEADER_SIZE,
  type Attestation,
  type OuterHeader,
} from '../../../../firmware/core/wire/index.js';

/** The cryptography that consensus needs: pure functions, so that a run in one process may remember their answers. */
export interface ConsensusCrypto {
  keccak256(data: Uint8Array): Uint8Array;
  /** Compressed key of a signature (65 octets) over a digest, or undefined. */
  recoverKey(signature: Uint8Array, digest: Uint8Array): Uint8Array | undefined;
  /** signature: r and s, low S. */
  verifySignature(signature: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean;
  /** Output of the verifiable random function, or undefined. */
  verifyProof(key: Uint8Array, input: Uint8Array, proof: Uint8Array): Uint8Array | undefined;
  /** Of a proof that was checked. */
  proofOutput(proof: Uint8Array): Uint8Array;
  addressOf(key: Uint8Array): Uint8Array;
}

export type Link = Pick<Attestation, 'sourceNumber' | 'source' | 'targetNumber' | 'target'>;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const HEADER = ascii('MeshBox header 1\n');
const ATTESTATION = ascii('MeshBox attestation 1\n');
const DRAW = ascii('MeshBox draw 1\n');
const COMMITTEE = ascii('MeshBox committee 1\n');
const RANDOM = ascii('MeshBox random 1\n');

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

export function headerOctets(header: OuterHeader): Uint8Array {
  const w = new ByteWriter(new Uint8Array(OUTER_HEADER_SIZE));
  encodeOuterHeader(w, header);
  return w.buffer;
}

export class Hashes {
  readonly #keccak256: (data: Uint8Array) => Uint8Array;
  readonly #genesis: Uint8Array;

  /** genesis: hash of the header of number 0. */
  constructor(crypto: Pick<ConsensusCrypto, 'keccak256'>, genesis: Uint8Array) {
    this.#keccak256 = crypto.keccak256;
    this.#genesis = genesis;
  }

  static header(crypto: Pick<ConsensusCrypto, 'keccak256'>, header: OuterHeader): Uint8Array {
    return crypto.keccak256(headerOctets(header).subarray(0, OUTER_HEADER_HASHED));
  }

  /** What a seal signs. */
  seal(hash: Uint8Array): Uint8Array {
    return this.#keccak256(concat(HEADER, this.#genesis, hash));
  }

  attestation({ sourceNumber, source, targetNumber, target }: Link): Uint8Array {
    return this.#keccak256(concat(ATTESTATION, this.#genesis, u32(sourceNumber), source, u32(targetNumber), target));
  }

  /** Input of a proposer's verifiable random function: nobody can choose it. */
  randomInput(random: Uint8Array, time: number): Uint8Array {
    return concat(RANDOM, this.#genesis, random, u32(time));
  }

  /** Seed of the draw of a slot's proposers. */
  draw(random: Uint8Array, slot: number, step: number): Uint8Array {
    return this.#keccak256(concat(DRAW, random, u32(slot), u32(step)));
  }

  committee(random: Uint8Array): Uint8Array {
    return this.#keccak256(concat(COMMITTEE, random));
  }
}

export function sameLink(a: Link, b: Link): boolean {
  return (
    a.sourceNumber === b.sourceNumber &&
    a.targetNumber === b.targetNumber &&
    hex(a.source) === hex(b.source) &&
    hex(a.target) === hex(b.target)
  );
}
