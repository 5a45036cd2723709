/**
 * The Noise handshakes XX and IK a second time, written down message by message from the specification (revision 34, sections 5 and 7) with other
 * primitives than the product's: Node's HMAC, SHA-256 and ChaCha20-Poly1305, and tiny-secp256k1. It knows all four secrets and says what both sides must send.
 */
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import * as secp from 'tiny-secp256k1';

export interface Secrets {
  readonly initiatorStatic: Uint8Array;
  readonly initiatorEphemeral: Uint8Array;
  readonly responderStatic: Uint8Array;
  readonly responderEphemeral: Uint8Array;
}

export interface Transcript {
  readonly messages: readonly Uint8Array[];
  /** The answers to the questions for shared points, in the order in which either side asks. */
  readonly shared: readonly Uint8Array[];
  /** The initiator's sending key and the responder's. */
  readonly keys: Uint8Array;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac('sha256', key).update(data).digest();
export const publicKey = (secret: Uint8Array): Uint8Array => secp.pointFromScalar(secret, true)!;
export const dh = (secret: Uint8Array, peer: Uint8Array): Uint8Array => sha256(secp.pointMultiply(peer, secret, true)!);

function hkdf(chaining: Uint8Array, material: Uint8Array): [Buffer, Buffer] {
  const temp = hmac(chaining, material);
  const first = hmac(temp, Buffer.of(1));
  return [first, hmac(temp, Buffer.concat([first, Buffer.of(2)]))];
}

/** SymmetricState of section 5.2. */
class Symmetric {
  h: Buffer;
  ck: Buffer;
  k: Buffer | undefined;
  n = 0;

  constructor(name: string, prologue: Uint8Array) {
    this.h = sha256(Buffer.from(name));
    this.ck = this.h;
    this.mixHash(prologue);
  }

  mixHash(data: Uint8Array): void {
    this.h = sha256(this.h, data);
  }

  mixKey(material: Uint8Array): void {
    [this.ck, this.k] = hkdf(this.ck, material);
    this.n = 0;
  }

  encryptAndHash(plain: Uint8Array): Uint8Array {
    if (this.k === undefined) {
      this.mixHash(plain);
      return plain;
    }
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64LE(BigInt(this.n++), 4);
    const cipher = createCipheriv('chacha20-poly1305', this.k, nonce, { authTagLength: 16 });
    cipher.setAAD(this.h, { plaintextLength: plain.length });
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    this.mixHash(sealed);
    return sealed;
  }
}

export function xx(secrets: Secrets, prologue: Uint8Array, payloads: readonly Uint8Array[]): Transcript {
  const { initiatorStatic: si, initiatorEphemeral: ei, responderStatic: sr, responderEphemeral: er } = secrets;
  const [Si, Ei, Sr, Er] = [si, ei, sr, er].map(publicKey) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const state = new Symmetric('Noise_XX_secp256k1_ChaChaPoly_SHA256', prologue);
  state.mixHash(Ei);
  const first = Buffer.concat([Ei, state.encryptAndHash(payloads[0]!)]);
  state.mixHash(Er);
  state.mixKey(dh(er, Ei));
  const static2 = state.encryptAndHash(Sr);
  state.mixKey(dh(sr, Ei));
  const second = Buffer.concat([Er, static2, state.encryptAndHash(payloads[1]!)]);
  const static3 = state.encryptAndHash(Si);
  state.mixKey(dh(si, Er));
  const third = Buffer.concat([static3, state.encryptAndHash(payloads[2]!)]);
  return {
    messages: [first, second, third],
    shared: [dh(ei, Er), dh(ei, Sr), dh(si, Er)],
    keys: Buffer.concat(hkdf(state.ck, Buffer.alloc(0))),
  };
}

export function ik(secrets: Secrets, prologue: Uint8Array, payloads: readonly Uint8Array[]): Transcript {
  const { initiatorStatic: si, initiatorEphemeral: ei, responderStatic: sr, responderEphemeral: er } = secrets;
  const [Si, Ei, Sr, Er] = [si, ei, sr, er].map(publicKey) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const state = new Symmetric('Noise_IK_secp256k1_ChaChaPoly_SHA256', prologue);
  state.mixHash(Sr);
  state.mixHash(Ei);
  state.mixKey(dh(ei, Sr));
  const static1 = state.encryptAndHash(Si);
  state.mixKey(dh(si, Sr));
  const first = Buffer.concat([Ei, static1, state.encryptAndHash(payloads[0]!)]);
  state.mixHash(Er);
  state.mixKey(dh(er, Ei));
  state.mixKey(dh(er, Si));
  const second = Buffer.concat([Er, state.encryptAndHash(payloads[1]!)]);
  return {
    messages: [first, second],
    shared: [dh(ei, Sr), dh(si, Sr), dh(ei, Er), dh(si, Er)],
    keys: Buffer.concat(hkdf(state.ck, Buffer.alloc(0))),
  };
}
