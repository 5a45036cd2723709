/**
 * Radio: ESP-NOW class broadcast and unicast frames on one channel (`air`), and point-to-point Bluetooth LE links (`ble`).
 * A 6-byte MAC names a station on either; the frame's 802.11 or BLE header is the driver's and is not counted.
 */
export type RadioKind = 'air' | 'ble';

export interface RadioFrame {
  readonly kind: RadioKind;
  /** 6 bytes; of the transmitter. */
  readonly from: Uint8Array;
  /** 6 bytes; the addressee, or all 0xff. A station in promiscuous mode (every one of ours) also hears frames for others. */
  readonly to: Uint8Array;
  /** dBm. */
  readonly rssi: number;
  readonly bytes: Uint8Array;
}

export interface Radio {
  /** Largest frame payload in octets: 250 (ESP-NOW v1), 1,470 (v2), 244 (BLE at MTU 247). */
  mtu(kind: RadioKind): number;
  /** Hand one frame to the driver. One in flight per kind: the next only after `sent`. `to` is 6 bytes, all 0xff for broadcast. */
  transmit(kind: RadioKind, to: Uint8Array, bytes: Uint8Array): void;
  onReceive(handler: (frame: RadioFrame) => void): void;
  /** The frame left the antenna (or was given up by the driver: channel busy for too long). */
  onSent(handler: (kind: RadioKind, ok: boolean) => void): void;
}
