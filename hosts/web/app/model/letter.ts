/**
 * A sealed letter: the one message of Noise's pattern X (revision 34, section 7.4), so the reader knows the writer's key and nobody between learns it. The letter's
 * id and its reader are part of what is authenticated: a box can't show it again as another one. Length goes by classes of 256 octets.
 * A thief of the reader's key reads old letters: one message to somebody who is away has no forward secrecy.
 */
import { Noise, type Pattern } from '../../../../firmware/core/link/index.js';
import type { CurveKernels, Kernels } from '../../../../firmware/core/ports/index.js';

const X: Pattern = { name: 'Noise_X_secp256k1_ChaChaPoly_SHA256', knowsResponder: true, messages: [['e', 'es', 's', 'ss']] };
/** What a box takes, post.cddl. */
const SEALED_MAX = 3072;
/** Ephemeral key, sealed static key and tag: 33 + 49 + 16. */
const OVERHEAD = 98;
const CLASS = 256;

export interface LetterText {
  /** Of the writer, as the writer says. */
  readonly name: string;
  /** The writer's box: where an answer goes. */
  readonly box: string;
  readonly text: string;
  readonly at: number;
}

export interface Writer {
  readonly publicKey: Uint8Array;
  /** sha256 of the compressed shared point; undefined if the peer's key is no point. */
  shared(peer: Uint8Array): Uint8Array | undefined;
}

export interface LetterKernels {
  readonly hashes: Kernels;
  readonly curve: CurveKernels;
}

/** Undefined: the reader's key is no point, or the text is too long. ephemeral: 32 random octets. */
export function sealLetter(
  kernels: LetterKernels,
  writer: Writer,
  reader: Uint8Array,
  id: string,
  content: LetterText,
  ephemeral: Uint8Array,
): Uint8Array | undefined {
  const text = JSON.stringify(content);
  const plain = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(plain.length / CLASS) * CLASS).fill(0x20);
  if (padded.length + OVERHEAD > SEALED_MAX) return undefined;
  padded.set(plain);
  const key = new Uint8Array(33);
  if (!kernels.curve.publicKey(key, ephemeral)) return undefined;
  const noise = new Noise(kernels.hashes, writer.publicKey, SEALED_MAX);
  noise.start(X, prologue(id, personOf(kernels.hashes, reader)), reader);
  noise.write(X, 0, padded, { secret: ephemeral, key });
  return run(kernels, noise, writer) ? noise.output.slice() : undefined;
}

/** The writer's key and what the letter says, or undefined if it is not for us or was changed on the way. */
export function openLetter(
  kernels: LetterKernels,
  reader: Writer,
  id: string,
  sealed: Uint8Array,
): { readonly writer: Uint8Array; readonly content: LetterText } | undefined {
  const noise = new Noise(kernels.hashes, reader.publicKey, SEALED_MAX);
  noise.start(X, prologue(id, personOf(kernels.hashes, reader.publicKey)), reader.publicKey);
  noise.read(X, 0, sealed);
  if (!run(kernels, noise, reader)) return undefined;
  const content = parse(new TextDecoder().decode(noise.output));
  return content && { writer: noise.remoteStatic.slice(), content };
}

/** First 8 octets of sha256 of the key, as 16 hexadecimal digits: the reader's inbox. */
export function personOf(hashes: Kernels, key: Uint8Array): string {
  const digest = new Uint8Array(32);
  hashes.sha256(digest, key);
  return hex(digest.subarray(0, 8));
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export const unhex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

function run({ hashes, curve }: LetterKernels, noise: Noise, us: Writer): boolean {
  let step = noise.step();
  while (typeof step === 'object') {
    const point = new Uint8Array(33);
    const shared = new Uint8Array(32);
    if (step.own) step = noise.step(us.shared(step.peer));
    else if (!curve.ecdh(point, noise.ephemeral, step.peer)) return false;
    else {
      hashes.sha256(shared, point);
      step = noise.step(shared);
    }
  }
  return step === 'done';
}

const prologue = (id: string, person: string): Uint8Array => new TextEncoder().encode(`meshbox letter 1\n${id}\n${person}\n`);

function parse(text: string): LetterText | undefined {
  try {
    const { name, box, text: says, at } = JSON.parse(text) as Partial<Record<keyof LetterText, unknown>>;
    if (
      typeof name !== 'string' ||
      typeof box !== 'string' ||
      !/^[0-9a-f]{16}$/.test(box) ||
      typeof says !== 'string' ||
      typeof at !== 'number'
    )
      return undefined;
    return { name: name.slice(0, 40), box, text: says, at };
  } catch {
    return undefined;
  }
}
