/** The three kinds of link and what is known of each. */
import { type Micros, micros } from '../base/index.js';

export type LinkKind = 'air' | 'ble' | 'serial';
export const LINK_KINDS: readonly LinkKind[] = ['air', 'ble', 'serial'];

export interface LinkProfile {
  /** Largest frame in octets unless the options say otherwise. */
  readonly mtu: number;
  /** Time on the medium of a frame: fixed part and per octet. */
  readonly fixedMicros: number;
  readonly octetMicros: number;
  /** A line or connection that delivers what it accepts: `sent` is the acknowledgement, no ack frames. */
  readonly reliable: boolean;
}

export const linkProfiles: Readonly<Record<LinkKind, LinkProfile>> = {
  // ESP-NOW v1 at 1 Mb/s: 100 octets take 1.3 ms, 250 take 2.5 ms.
  air: { mtu: 250, fixedMicros: 500, octetMicros: 8, reliable: false },
  // GATT notifications at MTU 247: about 340 kb/s, half a connection interval of 7.5 ms to wait.
  ble: { mtu: 244, fixedMicros: 3750, octetMicros: 24, reliable: true },
  // 115,200 Bd: 10 bits an octet; COBS, header and CRC add 9 octets. A board holds frames for any of its links in one pool: 24 of 1,024 octets would
  // be a third of a C3's memory, and what comes over the air has 250 anyway.
  serial: { mtu: 250, fixedMicros: 783, octetMicros: 87, reliable: true },
};

/** Of the frame that metrics are measured by (units.ts). */
const REFERENCE_OCTETS = 200;

export function airtime(kind: LinkKind, octets: number): Micros {
  const profile = linkProfiles[kind];
  return micros(profile.fixedMicros + profile.octetMicros * octets);
}

/** Cost of a link that loses nothing, in units of 100 us. */
export function losslessCost(kind: LinkKind): number {
  return Math.ceil(airtime(kind, REFERENCE_OCTETS) / 100);
}
