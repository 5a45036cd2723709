/**
 * What is known of a whole file beside its octets: the hash of each leaf and of each piece. The inner nodes of its tree follow from the leaf hashes,
 * and the root is the file's CID: so an outboard proves itself, but for the piece hashes, which hold as soon as a leaf made of them fits.
 *
 *   octets 8 ‖ leaf hashes ‖ piece hashes ‖ sha256 of all before     big-endian; no piece hashes if the file is one piece
 */
import { HASH, LEAF, PIECE, sha256, treeOf, type Tree } from './unixfs.js';

const HEAD = 8;
export const PIECES_PER_LEAF = LEAF / PIECE;

export class Outboard {
  readonly octets: number;
  readonly leaves: Uint8Array;
  readonly pieces: Uint8Array;
  #tree: Tree | undefined;

  constructor(octets: number, leaves: Uint8Array, pieces: Uint8Array) {
    this.octets = octets;
    this.leaves = leaves;
    this.pieces = pieces;
  }

  /** Undefined if the octets are not an outboard, or not the one of this CID. */
  static decode(bytes: Uint8Array, cid: string): Outboard | undefined {
    if (bytes.length < HEAD + 2 * HASH) return undefined;
    const octets = Number(Buffer.from(bytes.buffer, bytes.byteOffset, HEAD).readBigUInt64BE());
    if (!Number.isSafeInteger(octets) || bytes.length !== outboardOctets(octets)) return undefined;
    const body = bytes.subarray(0, bytes.length - HASH);
    if (Buffer.compare(sha256(body), bytes.subarray(body.length)) !== 0) return undefined;
    const piecesAt = HEAD + leafCount(octets) * HASH;
    const outboard = new Outboard(octets, body.slice(HEAD, piecesAt), body.slice(piecesAt));
    return outboard.cid === cid ? outboard : undefined;
  }

  encode(): Uint8Array {
    const bytes = Buffer.alloc(outboardOctets(this.octets));
    bytes.writeBigUInt64BE(BigInt(this.octets));
    bytes.set(this.leaves, HEAD);
    bytes.set(this.pieces, HEAD + this.leaves.length);
    bytes.set(sha256(bytes.subarray(0, -HASH)), bytes.length - HASH);
    return bytes;
  }

  get tree(): Tree {
    return (this.#tree ??= treeOf(this.leaves, this.octets));
  }

  get cid(): string {
    return this.tree.root.toString();
  }

  get leafCount(): number {
    return this.leaves.length / HASH;
  }

  leaf(index: number): Uint8Array {
    return this.leaves.subarray(index * HASH, (index + 1) * HASH);
  }

  /** The hash of a piece; that of a file of one piece is its leaf's. */
  piece(index: number): Uint8Array {
    return this.pieces.length === 0 ? this.leaf(0) : this.pieces.subarray(index * HASH, (index + 1) * HASH);
  }

  /** True if the octets are the file's from `at` on: whole pieces of one leaf, or all of that. */
  fits(at: number, bytes: Uint8Array): boolean {
    if (at % LEAF === 0 && bytes.length === Math.min(LEAF, this.octets - at))
      return Buffer.compare(sha256(bytes), this.leaf(at / LEAF)) === 0;
    for (let from = 0; from < bytes.length; from += PIECE)
      if (Buffer.compare(sha256(bytes.subarray(from, from + PIECE)), this.piece((at + from) / PIECE)) !== 0) return false;
    return bytes.length > 0;
  }
}

/** Hashes a file leaf by leaf. */
export class Hasher {
  octets = 0;
  readonly #leaves: Buffer[] = [];
  readonly #pieces: Buffer[] = [];

  /** Every leaf is whole but the last one. */
  leaf(bytes: Uint8Array): void {
    this.octets += bytes.length;
    this.#leaves.push(sha256(bytes));
    for (let at = 0; at < bytes.length; at += PIECE) this.#pieces.push(sha256(bytes.subarray(at, at + PIECE)));
  }

  finish(): Outboard {
    if (this.#leaves.length === 0) this.leaf(new Uint8Array(0));
    return new Outboard(this.octets, Buffer.concat(this.#leaves), this.octets > PIECE ? Buffer.concat(this.#pieces) : new Uint8Array(0));
  }
}

export function leafCount(octets: number): number {
  return Math.max(1, Math.ceil(octets / LEAF));
}

export function outboardOctets(octets: number): number {
  return HEAD + (leafCount(octets) + (octets > PIECE ? Math.ceil(octets / PIECE) : 0) + 1) * HASH;
}
