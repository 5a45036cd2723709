/** Store: small named values that survive a power cut at any instant. Keys are at most 15 ASCII characters (the flash store's limit). */
export interface Store {
  get(key: string): Uint8Array | undefined;
  /** `done` after the value is durable: until then a reader after a power cut sees the old value, afterwards the new one, never a mix. */
  put(key: string, value: Uint8Array, done: () => void): void;
  delete(key: string, done: () => void): void;
}
