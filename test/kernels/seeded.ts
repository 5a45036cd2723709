/** Random numbers that repeat: xorshift32. */
export function seeded(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return below === 2 ** 32 ? state : state % below;
  };
}

/** `length` random octets. */
export function octets(random: (below: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}
