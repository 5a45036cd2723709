/** Proof that a request comes from the holder of a key: a signed challenge of ours, used once. It needs no clock and no secret of the box, and works on plain HTTP. */
import { createHash, randomBytes } from 'node:crypto';
import type { CurveKernels } from '../../../firmware/core/ports/index.js';
import { Problem } from '../../node/index.js';
import { proofText } from './proof.js';

/** Milliseconds in which a challenge may be answered: a phone on a poor link, a person who is asked first. */
const LIFE = 120_000;
/** Challenges open at once; the oldest goes. A flood costs 10,000 strings, and a phone that lost its challenge asks again. */
const OPEN = 10_000;

export interface Proof {
  /** Compressed public key, 66 hexadecimal digits. */
  readonly key: string;
  readonly challenge: string;
  /** 64 octets r ‖ s, low S, as hexadecimal digits. */
  readonly signature: string;
}

/** The sha256 of what is signed. */
export function proofDigest(box: string, challenge: string, request: string): Uint8Array {
  return createHash('sha256')
    .update(proofText(box, challenge, request))
    .digest();
}

export class Access {
  readonly #box: string;
  readonly #curve: CurveKernels;
  readonly #now: () => number;
  readonly #open = new Map<string, { readonly ip: string; readonly until: number }>();

  constructor(box: string, curve: CurveKernels, now: () => number) {
    this.#box = box;
    this.#curve = curve;
    this.#now = now;
  }

  /** A challenge that only this address may answer. */
  challenge(ip: string): string {
    const challenge = randomBytes(16).toString('hex');
    this.#open.set(challenge, { ip, until: this.#now() + LIFE });
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= OPEN) break;
      this.#open.delete(oldest);
    }
    return challenge;
  }

  /** Fails with a Problem `challenge` or `signature`; the challenge is used up either way. */
  check(ip: string, { key, challenge, signature }: Proof, request: string): void {
    const open = this.#open.get(challenge);
    this.#open.delete(challenge);
    if (!open || open.ip !== ip || open.until < this.#now())
      throw new Problem('challenge', 'the challenge is not open for this address', 'Ask for a new one with POST /api/challenge.');
    const digest = proofDigest(this.#box, challenge, request);
    if (!this.#curve.verify(Buffer.from(signature, 'hex'), digest, Buffer.from(key, 'hex'), true))
      throw new Problem('signature', 'the signature does not fit the key', 'Sign the challenge of this box with the key that you name.');
  }
}
