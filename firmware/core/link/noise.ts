/**
 * A Noise handshake (revision 34) over secp256k1, ChaCha20-Poly1305 and SHA-256, with BOLT 8's function: DH = sha256 of the compressed shared point.
 * Split-phase: every point multiplication is a question (`Dh`) that its owner answers later, and ephemeral keys come in as input.
 *
 *   idle -> writing or reading    `write`, `read`
 *   writing, reading -> asking    a token needs a shared point: `step` answered a question
 *   asking -> writing, reading    `step(shared)`
 *   writing, reading -> idle      `step` answered done (the message or payload is in `output`) or failed
 *
 * What outlasts a message is `state`, one octet string that its owner may keep and bring back: several handshakes share one machine, and a message
 * that fails leaves no trace if the state from before it is brought back.
 */
import { CodedError } from '../base/index.js';
import type { Kernels } from '../ports/index.js';

export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss';

export interface Pattern {
  /** The whole name of the protocol, in ASCII: it is hashed. */
  readonly name: string;
  /** The initiator knows the responder's static key beforehand. */
  readonly knowsResponder: boolean;
  readonly messages: readonly (readonly Token[])[];
}

export const XX: Pattern = {
  name: 'Noise_XX_secp256k1_ChaChaPoly_SHA256',
  knowsResponder: false,
  messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
};

export const IK: Pattern = {
  name: 'Noise_IK_secp256k1_ChaChaPoly_SHA256',
  knowsResponder: true,
  messages: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se'],
  ],
};

/** A shared point that is wanted: of the peer's key with our static key (`own`) or with our ephemeral one. */
export interface Dh {
  readonly own: boolean;
  /** 33 octets, valid until the next call. */
  readonly peer: Uint8Array;
}

export type Step = Dh | 'done' | 'failed';

const KEY = 33;
const TAG = 16;
const CHAINING = 0;
const HASH = 32;
const CIPHER = 64;
const EPHEMERAL = 96;
const REMOTE_EPHEMERAL = 128;
const REMOTE_STATIC = 161;
const NONCE = 194;
const HAS_KEY = 195;
export const NOISE_STATE_OCTETS = 196;
const NOTHING: Uint8Array = new Uint8Array(0);

export class Noise {
  /** NOISE_STATE_OCTETS. */
  readonly state = new Uint8Array(NOISE_STATE_OCTETS);
  /** The peer's static key, 33 octets; zeros while unknown. */
  readonly remoteStatic: Uint8Array = this.state.subarray(REMOTE_STATIC, REMOTE_STATIC + KEY);
  /** Our ephemeral secret, 32 octets: for the jobs that answer a `Dh` that is not `own`. */
  readonly ephemeral: Uint8Array = this.state.subarray(EPHEMERAL, EPHEMERAL + 32);
  readonly #kernels: Kernels;
  readonly #publicKey: Uint8Array;
  readonly #chaining = this.state.subarray(CHAINING, CHAINING + 32);
  readonly #hash = this.state.subarray(HASH, HASH + 32);
  readonly #cipher = this.state.subarray(CIPHER, CIPHER + 32);
  readonly #remoteEphemeral = this.state.subarray(REMOTE_EPHEMERAL, REMOTE_EPHEMERAL + KEY);
  readonly #derived = new Uint8Array(64);
  readonly #nonce = new Uint8Array(12);
  readonly #out: Uint8Array;
  #length = 0;
  /** What is read; undefined while writing. */
  #input: Uint8Array | undefined;
  #at = 0;
  #payload = NOTHING;
  #ephemeralPublic = NOTHING;
  #initiator = false;
  #tokens: readonly Token[] = [];
  #token = 0;

  /** publicKey: our static one, 33 octets. longest: octets of a message. */
  constructor(kernels: Kernels, publicKey: Uint8Array, longest: number) {
    this.#kernels = kernels;
    this.#publicKey = publicKey;
    this.#out = new Uint8Array(longest);
  }

  /** The message written, or the payload read: a view, valid until the next message. */
  get output(): Uint8Array {
    return this.#out.subarray(0, this.#length);
  }

  /** A new handshake. responder: its static key, 33 octets, for a pattern that knows it (ours if we are the responder). */
  start(pattern: Pattern, prologue: Uint8Array, responder: Uint8Array | undefined): void {
    if (pattern.knowsResponder !== (responder !== undefined)) throw new CodedError('noise-responder', pattern.name);
    this.state.fill(0);
    const name = new Uint8Array(pattern.name.length);
    for (let i = 0; i < name.length; i += 1) name[i] = pattern.name.charCodeAt(i);
    if (name.length <= 32) this.#hash.set(name);
    else this.#kernels.sha256(this.#hash, name);
    this.#chaining.set(this.#hash);
    this.#mixHash(prologue);
    if (responder === undefined) return;
    this.#mixHash(responder);
    if (responder !== this.#publicKey) this.remoteStatic.set(responder);
  }

  /** Write message `index` with a payload. ephemeral: secret and public key, for a message that sends one. */
  write(pattern: Pattern, index: number, payload: Uint8Array, ephemeral?: { readonly secret: Uint8Array; readonly key: Uint8Array }): void {
    this.#begin(pattern, index, index % 2 === 0);
    this.#input = undefined;
    this.#payload = payload;
    if (ephemeral === undefined) return;
    this.ephemeral.set(ephemeral.secret);
    this.#ephemeralPublic = ephemeral.key;
  }

  /** Read message `index`; `message` stays as it is until the last step. */
  read(pattern: Pattern, index: number, message: Uint8Array): void {
    this.#begin(pattern, index, index % 2 === 1);
    this.#input = message;
    this.#at = 0;
  }

  /** Go on as far as possible. shared: the answer to the last question, 32 octets; undefined if its key was no point. */
  step(shared?: Uint8Array): Step {
    if (this.#token > 0 && this.#tokens[this.#token - 1]!.length === 2) {
      if (shared === undefined) return 'failed';
      this.#mixKey(shared);
    }
    while (this.#token < this.#tokens.length) {
      const token = this.#tokens[this.#token]!;
      this.#token += 1;
      if (token.length === 2) return this.#question(token);
      if (!this.#key(token === 's')) return 'failed';
    }
    if (this.#input === undefined) return this.#append(this.#payload, true) ? 'done' : 'failed';
    return this.#take(this.#input.length - this.#at, this.#out, true) ? 'done' : 'failed';
  }

  /** After the last message: the initiator's sending key and the responder's, 32 octets each, into `keys` of 64. */
  split(keys: Uint8Array): void {
    this.#kernels.hkdfSha256(keys, NOTHING, this.#chaining, NOTHING);
  }

  #begin(pattern: Pattern, index: number, initiator: boolean): void {
    this.#tokens = pattern.messages[index]!;
    this.#token = 0;
    this.#length = 0;
    this.#initiator = initiator;
  }

  #question(token: Token): Dh {
    const own = token === 'ss' || (token === 'es' && !this.#initiator) || (token === 'se' && this.#initiator);
    const remoteStatic = token === 'ss' || (token === 'es' && this.#initiator) || (token === 'se' && !this.#initiator);
    return { own, peer: remoteStatic ? this.remoteStatic : this.#remoteEphemeral };
  }

  /** Send or receive a public key. */
  #key(isStatic: boolean): boolean {
    if (this.#input === undefined) return this.#append(isStatic ? this.#publicKey : this.#ephemeralPublic, isStatic);
    const octets = isStatic && this.#hasKey() ? KEY + TAG : KEY;
    return this.#take(octets, isStatic ? this.remoteStatic : this.#remoteEphemeral, isStatic);
  }

  /** Append to the message, encrypted if that is asked for and there is a key. */
  #append(data: Uint8Array, encrypt: boolean): boolean {
    const sealed = encrypt && this.#hasKey();
    const octets = data.length + (sealed ? TAG : 0);
    if (this.#length + octets > this.#out.length) throw new CodedError('noise-length', `a message of more than ${this.#out.length} octets`);
    const out = this.#out.subarray(this.#length, this.#length + octets);
    if (sealed) this.#kernels.aeadSeal(out, this.#cipher, this.#nextNonce(), this.#hash, data);
    else out.set(data);
    this.#length += octets;
    this.#mixHash(out);
    return true;
  }

  /** The next octets of the message, decrypted if that is due and there is a key. */
  #take(octets: number, into: Uint8Array, decrypt: boolean): boolean {
    const input = this.#input!;
    const sealed = decrypt && this.#hasKey();
    const plain = octets - (sealed ? TAG : 0);
    if (plain < 0 || plain > into.length || this.#at + octets > input.length) return false;
    const data = input.subarray(this.#at, this.#at + octets);
    this.#at += octets;
    const out = into.subarray(0, plain);
    if (!sealed) out.set(data);
    else if (!this.#kernels.aeadOpen(out, this.#cipher, this.#nextNonce(), this.#hash, data)) return false;
    this.#mixHash(data);
    if (into === this.#out) this.#length = plain;
    return true;
  }

  #hasKey(): boolean {
    return this.state[HAS_KEY] === 1;
  }

  #mixKey(material: Uint8Array): void {
    this.#kernels.hkdfSha256(this.#derived, material, this.#chaining, NOTHING);
    this.state.set(this.#derived.subarray(0, 32), CHAINING);
    this.state.set(this.#derived.subarray(32), CIPHER);
    this.state[HAS_KEY] = 1;
    this.state[NONCE] = 0;
  }

  #mixHash(data: Uint8Array): void {
    this.#kernels.hashStart('sha256');
    this.#kernels.hashUpdate(this.#hash);
    this.#kernels.hashUpdate(data);
    this.#kernels.hashFinish(this.#hash);
  }

  /** 32 zero bits, then the number as 64 bits little-endian; a handshake needs a few. */
  #nextNonce(): Uint8Array {
    this.#nonce[4] = this.state[NONCE]!;
    this.state[NONCE] = this.#nonce[4]! + 1;
    return this.#nonce;
  }
}
