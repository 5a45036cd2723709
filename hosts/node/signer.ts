/**
 * Signer on a key file: mode 0600, made at first start. Three lines: what it is, the secret, and the node id that follows from it, which
 * detects a damaged file. The secret stays in this module: it is never logged and never part of an error.
 */
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { hex } from '../../firmware/core/base/index.js';
import { proveVrf } from '../../firmware/core/crypto/index.js';
import type { CurveKernels, Kernels, Signer } from '../../firmware/core/ports/index.js';
import { writeDurably } from './durable.js';
import { sharedSecret } from './inline-crypto.js';
import { Problem, systemCode } from './problem.js';

const FIRST_LINE = 'meshbox key 1';

export interface FileSigner extends Signer {
  /** Compressed public key, 33 octets. */
  readonly key: Uint8Array;
  /** Node id: the first 8 octets of the key's sha256. */
  readonly id: Uint8Array;
  /** Proof of the verifiable random function for this input, 81 octets. */
  prove(input: Uint8Array): Uint8Array;
}

export interface SignerKernels {
  readonly curve: CurveKernels;
  readonly hashes: Pick<Kernels, 'sha256' | 'hmacSha256'>;
}

/** Reads the key file, or makes it. Fails with a Problem `key-corrupt` or `key-mode` that names the file. */
export async function openFileSigner(file: string, { curve, hashes }: SignerKernels): Promise<FileSigner> {
  const secret = (await read(file)) ?? create();
  const key = new Uint8Array(33);
  if (!curve.publicKey(key, secret.bytes)) throw corrupt(file);
  const id = sha256(hashes, key).slice(0, 8);
  if (secret.id === undefined) await writeDurably(file, Buffer.from(`${FIRST_LINE}\n${hex(secret.bytes)}\n${hex(id)}\n`), 0o600);
  else if (secret.id !== hex(id)) throw corrupt(file);

  return {
    key,
    id,
    prove(input) {
      const proof = proveVrf({ curve, hashes }, secret.bytes, key, input);
      if (!proof) throw corrupt(file);
      return proof;
    },
    publicKey: (done) => done(key),
    sign(digest, done) {
      const signature = new Uint8Array(65);
      if (!curve.sign(signature, digest, secret.bytes)) throw corrupt(file);
      done(signature);
    },
    ecdh(peer, done) {
      done(sharedSecret({ curve, hashes }, secret.bytes, peer));
    },
  };
}

interface Secret {
  readonly bytes: Uint8Array;
  /** As the file says; absent on a secret that is not stored yet. */
  readonly id?: string;
}

async function read(file: string): Promise<Secret | undefined> {
  try {
    if (((await stat(file)).mode & 0o077) !== 0)
      throw new Problem(
        'key-mode',
        `the key file ${file} can be read by others`,
        `Close it with \`chmod 600 ${file}\`; if others had access, move it away and let a new identity be made.`,
      );
    const [first, secret, id, ...rest] = (await readFile(file, 'latin1')).split('\n');
    if (first !== FIRST_LINE || !/^[0-9a-f]{64}$/.test(secret ?? '') || !/^[0-9a-f]{16}$/.test(id ?? '') || rest.join('') !== '')
      throw corrupt(file);
    return { bytes: new Uint8Array(Buffer.from(secret!, 'hex')), id: id! };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A secret is below the group order with probability 1 - 2^-128 (SEC 2, section 2.4.1): a draw that is not ends as `key-corrupt`, and the next start draws again. */
function create(): Secret {
  return { bytes: new Uint8Array(randomBytes(32)) };
}

function corrupt(file: string): Problem {
  return new Problem(
    'key-corrupt',
    `the key file ${file} is damaged`,
    `Restore ${file} from a backup. Without one, move it away: the next start makes a new identity, and what was owed to the old one is lost.`,
  );
}

function sha256(hashes: Pick<Kernels, 'sha256'>, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  hashes.sha256(out, data);
  return out;
}
