/** Serial: a raw octet stream that may lose, double and corrupt octets. Framing and retransmission are link/serial's. */
export interface Serial {
  /** Octets the driver takes now without loss. */
  room(): number;
  write(bytes: Uint8Array): void;
  onReceive(handler: (bytes: Uint8Array) => void): void;
}
