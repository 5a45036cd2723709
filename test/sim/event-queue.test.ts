import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { micros } from '../../firmware/core/base/index.js';
import { EventQueue } from '../../hosts/sim/event-queue.js';

suite('event queue', () => {
  test('yields by time, and in order of arrival within one time (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(20), { nil: undefined, freq: 3 })), (script) => {
        const queue = new EventQueue<readonly [number, number]>();
        let model: (readonly [number, number])[] = [];
        for (const [order, at] of script.entries()) {
          if (at !== undefined) {
            queue.push(micros(at), [at, order]);
            model.push([at, order]);
            continue;
          }
          const [first] = model.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
          assert.equal(queue.next(), first?.[0]);
          assert.deepEqual(queue.pop(), first);
          model = model.slice(1);
        }
        assert.equal(queue.size, model.length);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
