/**
 * Writes octets into a buffer that the caller owns; big-endian. Past the end it writes nothing and sets `overflow`:
 * an encoder checks once, at its end, instead of at every octet.
 */
export class ByteWriter {
  at = 0;
  overflow = false;
  readonly buffer: Uint8Array;
  /** The length of the buffer: to ask a typed array for it costs XS as much as to write an octet. */
  readonly #end: number;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
    this.#end = buffer.length;
  }

  u8(value: number): void {
    if (this.at >= this.#end) this.overflow = true;
    else this.buffer[this.at++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value & 0xff);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    if (this.at + length > this.#end) {
      this.overflow = true;
      return;
    }
    this.buffer.set(value, this.at);
    this.at += length;
  }

  /** What has been written, as a view. */
  written(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }
}
