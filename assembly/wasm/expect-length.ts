import { CodedError } from '../../firmware/core/base/index.js';

/** A wrong length at the kernel border is our own misuse. */
export function expectLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new CodedError('kernel-length', `${what} has ${length} octets, not ${bytes.length}`);
}
