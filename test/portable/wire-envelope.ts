/** The envelope: golden frames, every field at its bounds without touching its neighbours, and what is refused. */
import { hex, Reason } from '../../firmware/core/base/index.js';
import * as wire from '../../firmware/core/wire/index.js';
import golden from '../wire/golden-frames.json' with { type: 'json' };
import { equal, same, suite, throws } from './harness.js';
import { unhex } from './wire-codecs.js';

const { ENVELOPE_OCTETS, EnvelopeClass } = wire;
const classes = EnvelopeClass as Readonly<Record<string, number>>;

const numbers = [
  ['class', 31, wire.envelopeClass, wire.setEnvelopeClass],
  ['hopLimit', 63, wire.envelopeHopLimit, wire.setEnvelopeHopLimit],
  ['flags', 3, wire.envelopeFlags, wire.setEnvelopeFlags],
  ['flow', 0xffffffff, wire.envelopeFlow, wire.setEnvelopeFlow],
  ['counter', 0xffff, wire.envelopeCounter, wire.setEnvelopeCounter],
] as const;

suite('wire envelope', (t) => {
  t.test('golden frames are written and read', () => {
    for (const { name, fields, hex: text } of golden.envelopes) {
      const destination = unhex(fields.destination.hex);
      const bytes = new Uint8Array(ENVELOPE_OCTETS + 4).fill(0x99);
      wire.writeEnvelope(bytes, 2, { ...fields, class: classes[fields.class]!, destination });
      equal(hex(bytes), `9999${text}9999`, name);
      equal(wire.checkEnvelope(unhex(text)), 0, name);
      equal(wire.envelopeVersion(bytes, 2), wire.ENVELOPE_VERSION, name);
      equal(wire.envelopeClass(bytes, 2), classes[fields.class]!, name);
      equal(wire.envelopeHopLimit(bytes, 2), fields.hopLimit, name);
      equal(wire.envelopeFlags(bytes, 2), fields.flags, name);
      equal(wire.envelopeFlow(bytes, 2), fields.flow, name);
      equal(wire.envelopeCounter(bytes, 2), fields.counter, name);
      same(wire.envelopeDestination(bytes, 2), destination, name);
      same(bytes.subarray(2 + wire.ENVELOPE_DESTINATION_AT, 10 + wire.ENVELOPE_DESTINATION_AT), destination, name);
    }
  });

  t.test('a field is set without touching its neighbours', () => {
    for (const fill of [0x00, 0xff, 0x55])
      for (const [name, most, get, set] of numbers)
        for (const value of [0, 1, most]) {
          const bytes = new Uint8Array(ENVELOPE_OCTETS).fill(fill);
          const others = numbers.filter(([other]) => other !== name).map(([, , read]) => read(bytes, 0));
          set(bytes, 0, value);
          equal(get(bytes, 0), value, name);
          numbers
            .filter(([other]) => other !== name)
            .forEach(([other, , read], i) => equal(read(bytes, 0), others[i]!, `${name} beside ${other}`));
          equal(wire.envelopeVersion(bytes, 0), fill >> 5, `${name} beside version`);
          same(wire.envelopeDestination(bytes, 0), new Uint8Array(8).fill(fill), `${name} beside destination`);
        }
  });

  t.test('a destination of another length is our own misuse', () => {
    const bytes = new Uint8Array(ENVELOPE_OCTETS);
    for (const octets of [0, 7, 9]) throws(() => wire.setEnvelopeDestination(bytes, 0, new Uint8Array(octets)), 'envelope-destination');
  });

  t.test('short frames, other versions and unknown classes are refused', () => {
    const [{ hex: text }] = golden.envelopes as [(typeof golden.envelopes)[number]];
    const bytes = unhex(text);
    for (let end = 0; end < ENVELOPE_OCTETS; end += 1) equal(wire.checkEnvelope(bytes.subarray(0, end)), Reason.Truncated);
    const known = new Set(Object.values(classes));
    for (let initial = 0; initial < 256; initial += 1) {
      bytes[0] = initial;
      const expected = initial >> 5 !== wire.ENVELOPE_VERSION ? Reason.OtherVersion : known.has(initial & 31) ? 0 : Reason.OutOfBounds;
      equal(wire.checkEnvelope(bytes), expected, `initial octet ${initial}`);
    }
  });
});
