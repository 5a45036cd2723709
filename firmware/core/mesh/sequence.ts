/** Numbers modulo 2^16, RFC 8966 section 3.2.1: whether `a` is newer than `b`. */
export function isNewer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead !== 0 && ahead < 0x8000;
}
