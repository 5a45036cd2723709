/** Small operations on octet strings that every layer needs; none allocates but `hex` and `concat`. */

/** True if `length` octets at `a[at]` and `b[from]` are the same. */
export function sameOctets(a: Uint8Array, at: number, b: Uint8Array, from: number, length: number): boolean {
  for (const end = at + length; at < end; at += 1, from += 1) if (a[at] !== b[from]) return false;
  return true;
}

export function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const digits = '0123456789abcdef';

/** Lower-case hexadecimal: for logs and names, never on the wire. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += digits[byte >> 4]! + digits[byte & 15]!;
  return text;
}
