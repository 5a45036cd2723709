/** Randomness, split-phase: asked for only after the board's radio or entropy source is up; the answer comes back as an input. */
export interface Random {
  request(length: number, done: (bytes: Uint8Array) => void): void;
}
