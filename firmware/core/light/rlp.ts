/** Reads RLP (Ethereum yellow paper, appendix B) item by item in place: nothing is allocated, and what is malformed is `false`, never thrown. */

export class RlpReader {
  /** Payload of the item last read: bytes[from..to). The item itself began at `start`. */
  start = 0;
  from = 0;
  to = 0;
  isList = false;

  /** The item at bytes[at..), which must end by `end`. Lengths of more than two octets are refused: nothing here is over 64 KiB. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end) return false;
    const head = bytes[at]!;
    this.start = at;
    this.isList = head >= 0xc0;
    if (head < 0x80) {
      this.from = at;
      this.to = at + 1;
      return true;
    }
    const short = head - (this.isList ? 0xc0 : 0x80);
    if (short < 56) {
      this.from = at + 1;
      this.to = at + 1 + short;
      return this.to <= end;
    }
    const size = short - 55;
    if (size > 2 || at + 1 + size > end) return false;
    const length = size === 1 ? bytes[at + 1]! : (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.from = at + 1 + size;
    this.to = this.from + length;
    return this.to <= end;
  }
}
