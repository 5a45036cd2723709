/** Who takes packets and does not send them on: told by not being heard, and forgiven. */
import { millis } from '../../firmware/core/base/index.js';
import { Carriage, COST_INFINITE, COST_MOST, dearer } from '../../firmware/core/link/index.js';
import { equal, suite } from './harness.js';

const always = (): boolean => true;

/** Promises packets to neighbour 1, of which it is heard sending on those that `heard` says; the changes told. */
function promise(carriage: Carriage, count: number, heard: (counter: number) => boolean, from = 0): string {
  let changes = '';
  for (let counter = 0; counter < count; counter += 1) {
    const now = from + counter * 4_000;
    carriage.promised(millis(now), 1, 7, counter);
    if (heard(counter)) carriage.carried(1, 7, counter);
    carriage.sweep(millis(now + 1_500), always, (neighbour) => (changes += `${counter}:${neighbour} `));
  }
  return changes;
}

suite('carriage', (t) => {
  t.test('an outcast after six packets in a row that were not heard', () => {
    const carriage = new Carriage(4);
    equal(
      promise(carriage, 2, () => false),
      '',
    );
    equal(carriage.dearness(1), 0);
    equal(
      promise(carriage, 4, () => false, 20_000),
      '3:1 ',
    );
    equal(dearer(22, carriage.dearness(1)), COST_MOST);
    equal(carriage.dearness(2), 0);
  });

  t.test('one that is heard now and then stays trusted', () => {
    const carriage = new Carriage(4);
    equal(
      promise(carriage, 30, (counter) => counter % 3 === 0),
      '',
    );
    equal(carriage.dearness(1), 0);
  });

  t.test('heard too late counts as unheard, another flow as another packet', () => {
    const carriage = new Carriage(4);
    for (let counter = 0; counter < 6; counter += 1) {
      carriage.promised(millis(counter * 4_000), 1, 7, counter);
      carriage.carried(1, 8, counter);
      carriage.carried(2, 7, counter);
      carriage.sweep(millis(counter * 4_000 + 1_000), always, () => undefined);
      carriage.carried(1, 7, counter);
    }
    equal(dearer(22, carriage.dearness(1)), COST_MOST);
  });

  t.test('a burst counts once', () => {
    const carriage = new Carriage(4);
    for (let counter = 0; counter < 12; counter += 1) carriage.promised(millis(counter), 1, 7, counter);
    carriage.sweep(millis(2_000), always, () => undefined);
    equal(carriage.dearness(1), 0);
  });

  t.test('forgiven by halves every ten minutes, and at once when another takes the slot', () => {
    const carriage = new Carriage(4);
    promise(carriage, 6, () => false);
    let changes = 0;
    carriage.sweep(millis(600_000), always, () => (changes += 1));
    equal(changes, 1);
    equal(dearer(22, carriage.dearness(1)), 22);
    carriage.sweep(
      millis(700_000),
      () => false,
      () => (changes += 1),
    );
    equal(changes, 1);
    equal(carriage.dearness(1), 0);
  });

  t.test('no link stays no link', () => equal(dearer(COST_INFINITE, 2), COST_INFINITE));
});
