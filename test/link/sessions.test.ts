/** Keys that are replaced by their successors as frames are counted: 65,536 frames, too many for the portable suites. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { EVERYONE, Sessions } from '../../firmware/core/link/index.js';
import { EnvelopeClass, writeEnvelope } from '../../firmware/core/wire/index.js';

const { kernels } = loadWasmKernels();
const key = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const frame = new Uint8Array(20);
writeEnvelope(frame, 0, { class: EnvelopeClass.free, hopLimit: 1, flags: 0, destination: new Uint8Array(8), flow: 1, counter: 1 });

for (const [name, neighbour] of [
  ['unicast', 1],
  ['broadcast', EVERYONE],
] as const) {
  test(`${name}: a key lasts 65,536 frames; the receiver follows over losses, and takes no frame twice`, () => {
    const from = new Sessions(kernels, 2, 100);
    const to = new Sessions(kernels, 2, 100);
    from.setGroup(key(9));
    const group = from.group();
    from.install(1, { send: key(1), receive: key(2) }, group, 7, 0);
    to.install(1, { send: key(2), receive: key(1) }, group, 7, 0);
    const open = (sealed: Uint8Array): boolean => to.open(1, 0, sealed, neighbour === EVERYONE, false) !== undefined;
    let late: Uint8Array | undefined;
    for (let number = 0; number < 3 * 65_536 + 5; number += 1) {
      const sealed = from.seal(neighbour, 0, frame, false);
      const around = number % 65_536 > 65_530 || number % 65_536 < 5;
      // Between the changes one frame of 20,000 arrives.
      if (around || number % 20_000 === 0) {
        assert.equal(open(sealed), true, `frame ${number}`);
        assert.equal(open(sealed), false, `frame ${number} again`);
      }
      if (number === 65_535) late = sealed;
    }
    assert.equal(open(late!), false, 'of a generation that has gone');
  });
}

test('who gets a group key between two frames can open the next one, whatever the generation', () => {
  for (const sent of [0, 1, 65_535, 65_536, 65_537]) {
    const from = new Sessions(kernels, 2, 100);
    from.setGroup(key(9));
    for (let number = 0; number < sent; number += 1) from.seal(EVERYONE, 0, frame, true);
    const to = new Sessions(kernels, 2, 100);
    to.install(1, { send: key(2), receive: key(1) }, from.group(), 7, 0);
    assert.ok(to.open(1, 0, from.seal(EVERYONE, 0, frame, true), true, true), `after ${sent}`);
  }
});
