/**
 * Private content: age files (age-encryption.org/v1), which any age tool opens. The header is the library's; the payload (STREAM, chunks of 64 KiB) is sealed
 * with node:crypto, ten times as fast. A file is sealed once, to an identity of its own; who may read it gets that identity, wrapped, in a small
 * age file beside it. So a reader is added without touching the content, and taken away only from what is wrapped later.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { messageOf, Problem } from '../../node/index.js';

const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;
/** A header of 1,000 readers. */
const HEADER_LIMIT = 128 * 1024;

export const newIdentity = generateX25519Identity;
export const recipientOf = identityToRecipient;

/** Octets, sealed to one recipient, as they are read. */
export async function* seal(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, recipient: string): AsyncGenerator<Uint8Array> {
  let fileKey = new Uint8Array();
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  // The library makes header and file key; this one only looks on.
  encrypter.addRecipient({ wrapFileKey: (key) => ((fileKey = new Uint8Array(key)), []) });
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
  yield empty.subarray(0, headerEnd(empty)!);
  const nonce = randomBytes(NONCE);
  yield nonce;
  const key = payloadKey(fileKey, nonce);
  let index = 0;
  let last: Buffer | undefined;
  for await (const chunk of chunksOf(source, CHUNK)) {
    if (last) yield sealChunk(key, index++, false, last);
    last = chunk;
  }
  yield sealChunk(key, index, true, last ?? Buffer.alloc(0));
}

/** The plain octets of an age file. Fails with a Problem `not-a-reader` or `damaged` before the first octet that is not proven. */
export async function* unseal(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, identity: string): AsyncGenerator<Buffer> {
  const chunks = chunksOf(source, CHUNK + TAG, async (head) => {
    const end = headerEnd(head);
    if (end === undefined || head.length < end + NONCE) return undefined;
    const fileKey = await fileKeyOf(head.subarray(0, end), identity);
    return { key: payloadKey(fileKey, head.subarray(end, end + NONCE)), rest: head.subarray(end + NONCE) };
  });
  const { value: key } = (await chunks.next()) as { value: Buffer };
  let index = 0;
  let last: Buffer | undefined;
  for await (const chunk of chunks) {
    if (last) yield openChunk(key, index++, false, last);
    last = chunk;
  }
  yield openChunk(key, index, true, last ?? Buffer.alloc(0));
}

/** A small text for several readers. */
export async function wrap(text: string, recipients: readonly string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
  } catch (error) {
    throw new Problem(
      'usage',
      `that is not the name of a reader: ${messageOf(error)}`,
      'Give readers like age1..., as `meshbox key` prints them.',
    );
  }
  return encrypter.encrypt(text);
}

export async function unwrap(wrapped: Uint8Array, identity: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(wrapped, 'text');
  } catch {
    throw notAReader();
  }
}

async function fileKeyOf(header: Uint8Array, identity: string): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch {
    throw notAReader();
  }
}

function notAReader(): Problem {
  return new Problem('not-a-reader', 'this key does not open it', 'Ask its owner to share it with the reader that `meshbox key` prints.');
}

/** After the line `--- <mac>`; undefined if that has not come yet. */
function headerEnd(head: Buffer): number | undefined {
  const mac = head.indexOf('\n--- ');
  const end = mac === -1 ? -1 : head.indexOf('\n', mac + 1);
  if (end === -1 && head.length > HEADER_LIMIT) throw new Problem('damaged', 'this is not an age file', 'Fetch it again.');
  return end === -1 ? undefined : end + 1;
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** STREAM: an 11-octet counter and a flag for the last chunk. */
function streamNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function sealChunk(key: Buffer, index: number, last: boolean, plain: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, streamNonce(index, last), { authTagLength: TAG });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openChunk(key: Buffer, index: number, last: boolean, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('chacha20-poly1305', key, streamNonce(index, last), { authTagLength: TAG });
  try {
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()]);
  } catch {
    throw new Problem('damaged', `the sealed file is damaged or cut short near octet ${index * CHUNK}`, 'Fetch it again.');
  }
}

/** Chunks of a fixed size, the last one shorter; `head` takes what comes first off, and what it answers as `key` is the first value. */
async function* chunksOf(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
  head?: (bytes: Buffer) => Promise<{ readonly key: Buffer; readonly rest: Buffer } | undefined>,
): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  let headed = head === undefined;
  for await (const piece of source) {
    pending = pending.length === 0 ? Buffer.from(piece) : Buffer.concat([pending, piece]);
    if (!headed) {
      const found = await head!(pending);
      if (!found) continue;
      headed = true;
      pending = found.rest;
      yield found.key;
    }
    for (; pending.length >= size; pending = pending.subarray(size)) yield pending.subarray(0, size);
  }
  if (!headed) throw new Problem('damaged', 'this is not an age file', 'Fetch it again.');
  if (pending.length > 0) yield pending;
}

/** The name under which a payment unlocks an identity. */
export function lockOf(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
