/** Counts how often a ping left its sender: more than once is a repetition from end to end, above the repetitions on each hop. */
import { u32At } from '../../firmware/core/base/index.js';
import {
  decodePacket,
  ENVELOPE_OCTETS,
  envelopeClass,
  EnvelopeClass,
  envelopeCounter,
  envelopeFlow,
} from '../../firmware/core/wire/index.js';
import type { Transmission } from './trace.js';

export class PingCounter {
  /** Packets by ping: (flow, counter) names a packet and stays the same on every hop and on every repetition of a hop. */
  readonly #packets = new Map<string, Set<number>>();

  add({ bytes }: Transmission): void {
    if (bytes.length <= ENVELOPE_OCTETS || envelopeClass(bytes, 0) < EnvelopeClass.sos) return;
    const packet = decodePacket(bytes, ENVELOPE_OCTETS, bytes.length);
    if (typeof packet === 'number' || packet.kind !== 'ping') return;
    const name = `${u32At(packet.node, 0)}/${packet.number}`;
    const packets = this.#packets.get(name) ?? new Set<number>();
    packets.add(envelopeFlow(bytes, 0) * 0x1_0000 + envelopeCounter(bytes, 0));
    this.#packets.set(name, packets);
  }

  /** Pings that left their sender more than once. */
  repeated(): number {
    return [...this.#packets.values()].filter((packets) => packets.size > 1).length;
  }
}
