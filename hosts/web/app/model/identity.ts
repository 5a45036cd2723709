/**
 * A person's key, made and kept in the browser. Twelve words (BIP-39) give it back on another phone; its path (BIP-44, coin 60) is the one that Ethereum
 * wallets use, so the same words open the same account there.
 */
import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { createCurveKernels, createKernels } from '../../../../firmware/core/crypto/index.js';
import { hex, type Writer } from './letter.js';
import { deriveSecret, ETHEREUM_PATH } from './derive.js';
import { proofText } from '../../../box/access/proof.js';

export interface Identity extends Writer {
  readonly name: string;
  readonly words: string;
  /** Compressed public key, 66 hexadecimal digits. */
  readonly key: string;
  /** Signs a challenge of the box: 64 octets as hexadecimal digits. */
  sign(box: string, challenge: string, request: string): string;
}

/** @param entropy 16 octets of the browser's own randomness */
export const newWords = (entropy: Uint8Array): string => entropyToMnemonic(entropy, wordlist);

/** The words as they are stored, or undefined if they are not twelve of the list with a right check. */
export function readWords(typed: string): string | undefined {
  const words = typed.trim().toLowerCase().split(/\s+/).join(' ');
  return words.split(' ').length === 12 && validateMnemonic(words, wordlist) ? words : undefined;
}

export function openIdentity(name: string, words: string): Identity {
  const curve = createCurveKernels();
  const hashes = createKernels();
  const secret = deriveSecret(mnemonicToSeedSync(words), ETHEREUM_PATH);
  const key = new Uint8Array(33);
  curve.publicKey(key, secret);
  return {
    name,
    words,
    key: hex(key),
    publicKey: key,
    shared(peer) {
      const point = new Uint8Array(33);
      if (!curve.ecdh(point, secret, peer)) return undefined;
      const shared = new Uint8Array(32);
      hashes.sha256(shared, point);
      return shared;
    },
    sign(box, challenge, request) {
      const digest = new Uint8Array(32);
      hashes.sha256(digest, new TextEncoder().encode(proofText(box, challenge, request)));
      const signature = new Uint8Array(65);
      curve.sign(signature, digest, secret);
      return hex(signature.subarray(0, 64));
    },
  };
}
