/** Octet strings, writer, ring and errors. */
import { ByteWriter, CodedError, concat, hex, Reason, reasonName, Ring, sameOctets, u16At, u32At } from '../../firmware/core/base/index.js';
import { check, equal, same, suite, throws } from './harness.js';

suite('ByteWriter', (t) => {
  t.test('big-endian, and a view of what was written', () => {
    const w = new ByteWriter(new Uint8Array(8));
    w.u8(1);
    w.u16(0x0203);
    w.u32(0xf4050607);
    same(w.written(), new Uint8Array([1, 2, 3, 0xf4, 5, 6, 7]));
    equal(w.overflow, false);
  });

  t.test('past the end it writes nothing and says so', () => {
    const buffer = new Uint8Array(3);
    const w = new ByteWriter(buffer);
    w.u16(0xffff);
    w.bytes(new Uint8Array([1, 2]));
    equal(w.overflow, true);
    same(buffer, new Uint8Array([255, 255, 0]));
    w.u8(9);
    w.u8(9);
    same(buffer, new Uint8Array([255, 255, 9]));
  });
});

suite('octets', (t) => {
  t.test('numbers are unsigned and big-endian', () => {
    const bytes = new Uint8Array([0, 0xff, 0xfe, 0xfd, 0xfc]);
    equal(u16At(bytes, 1), 0xfffe);
    equal(u32At(bytes, 1), 0xfffefdfc);
  });

  t.test('comparison looks at the range alone', () => {
    const [a, b] = [new Uint8Array([9, 1, 2, 9]), new Uint8Array([1, 2, 8])];
    check(sameOctets(a, 1, b, 0, 2), 'equal ranges');
    check(!sameOctets(a, 1, b, 0, 3), 'unequal ranges');
    check(!sameOctets(a, 3, b, 2, 2), 'a range past the end is not equal to anything');
  });

  t.test('concatenation and hexadecimal', () =>
    equal(hex(concat(new Uint8Array([0x0a]), new Uint8Array(0), new Uint8Array([0xff]))), '0aff'),
  );
});

suite('Ring', (t) => {
  t.test('first in, first out, round and round; full means false', () => {
    const ring = new Ring<number>(3);
    let next = 0;
    let expected = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      while (ring.push(next)) next += 1;
      equal(ring.size, 3);
      equal(ring.peek(), expected);
      for (let i = 0; i < 2; i += 1) equal(ring.shift(), expected++);
    }
    equal(ring.shift(), expected);
    equal(ring.shift(), undefined);
    equal(ring.peek(), undefined);
  });

  t.test('no room for anything is misuse', () => throws(() => new Ring(0), 'ring-capacity'));
});

suite('errors', (t) => {
  t.test('a coded error starts with its code', () => {
    const error = new CodedError('some-code', 'what happened');
    equal(error.code, 'some-code');
    equal(error.message, 'some-code: what happened');
  });

  t.test('every reason has its own name', () => {
    for (const name of Object.keys(Reason) as (keyof typeof Reason)[]) equal(reasonName(Reason[name]), name);
  });
});
