/** Leaves: attached to one board over ble, addressed behind it, never in anybody's routes. */
import { hex } from '../../firmware/core/base/index.js';
import type { Address } from '../../firmware/core/node/index.js';
import { check, equal, same, suite } from './harness.js';
import { Medium } from './medium.js';

/** Boards 0 - 1 - 2 in a row with ble, a box on 2's serial line, and a leaf on board 0. */
function island(seed: number): { readonly medium: Medium; readonly box: number; readonly leaf: number } {
  const medium = new Medium(seed);
  for (let i = 0; i < 3; i += 1) medium.add('board', i === 2 ? ['air', 'ble', 'serial'] : ['air', 'ble']);
  medium.join(0, 1);
  medium.join(1, 2);
  const box = medium.add('box', ['serial']);
  const leaf = medium.add('leaf', ['ble']);
  medium.join(2, box, 0, 'serial');
  medium.join(0, leaf, 0, 'ble');
  medium.run(12_000);
  return { medium, box, leaf };
}

const behind = (medium: Medium, board: number, leaf: number): Address => ({
  node: medium.stations[board]!.node.id,
  leaf: medium.stations[leaf]!.node.id,
});

suite('leaf', (t) => {
  t.test('is a neighbour of its board and in nobody’s routes', () => {
    const { medium, leaf } = island(1);
    const leafId = hex(medium.stations[leaf]!.node.id);
    equal(medium.stations[0]!.node.neighbours().filter(({ id, role }) => role === 'leaf' && hex(id) === leafId).length, 1);
    for (const { node } of medium.stations) node.routes((id) => check(hex(id) !== leafId, 'a route to a leaf'));
    let routes = 0;
    medium.stations[leaf]!.node.routes(() => (routes += 1));
    equal(routes, 0, 'and it keeps none');
  });

  t.test('writes to the box and is written to, by an address that names its board', () => {
    const { medium, box, leaf } = island(2);
    const payload = new Uint8Array(900).fill(7);
    medium.input(leaf, { type: 'send', token: 1, to: medium.address(box), class: 'free', payload });
    medium.run(5000);
    equal(medium.stations[leaf]!.of('outcome')[0]?.outcome, 'delivered');
    const [message] = medium.stations[box]!.of('message');
    same(message!.payload, payload);
    same(message!.from.node, medium.stations[0]!.node.id);
    same(message!.from.leaf!, medium.stations[leaf]!.node.id);
    medium.input(box, { type: 'send', token: 2, to: message!.from, class: 'paid', payload });
    medium.run(5000);
    equal(medium.stations[box]!.of('outcome')[0]?.outcome, 'delivered');
    equal(medium.stations[leaf]!.of('message').length, 1);
    equal(medium.stations[0]!.of('message').length, 0, 'its board only hands over');
  });

  t.test('pings and is pinged', () => {
    const { medium, box, leaf } = island(3);
    medium.input(leaf, { type: 'ping', token: 1, to: medium.address(box) });
    medium.input(box, { type: 'ping', token: 2, to: behind(medium, 0, leaf) });
    medium.run(3000);
    equal(medium.stations[leaf]!.of('pong')[0]?.hops, 4);
    equal(medium.stations[box]!.of('pong').length, 1);
  });

  t.test('two leaves of one board write to each other through it', () => {
    const { medium, leaf } = island(4);
    const other = medium.add('leaf', ['ble']);
    medium.join(0, other, 0, 'ble');
    medium.run(5000);
    medium.input(leaf, { type: 'send', token: 1, to: behind(medium, 0, other), class: 'free', payload: new Uint8Array([1, 2, 3]) });
    medium.run(2000);
    equal(medium.stations[leaf]!.of('outcome')[0]?.outcome, 'delivered');
    equal(medium.stations[other]!.of('message').length, 1);
  });

  t.test('its board writes to it, and it to its board', () => {
    const { medium, leaf } = island(5);
    medium.input(0, { type: 'send', token: 1, to: behind(medium, 0, leaf), class: 'control', payload: new Uint8Array([1]) });
    medium.input(leaf, { type: 'send', token: 2, to: medium.address(0), class: 'control', payload: new Uint8Array([2]) });
    medium.run(2000);
    equal(medium.stations[0]!.of('outcome')[0]?.outcome, 'delivered');
    equal(medium.stations[leaf]!.of('outcome')[0]?.outcome, 'delivered');
    equal(medium.stations[leaf]!.of('message').length, 1);
    equal(medium.stations[0]!.of('message').length, 1);
  });

  t.test('a leaf that is not there is refused by name', () => {
    const { medium, box, leaf } = island(6);
    medium.input(box, { type: 'send', token: 1, to: behind(medium, 1, leaf), class: 'free', payload: new Uint8Array([1]) });
    medium.run(5000);
    const [outcome] = medium.stations[box]!.of('outcome');
    equal(outcome?.outcome, 'refused');
    equal(outcome?.reason, 'unknown-leaf');
  });

  t.test('attached nowhere it waits; attached to another board it goes on from there', () => {
    const { medium, box, leaf } = island(7);
    medium.cut(0, leaf);
    medium.run(60_000);
    equal(medium.stations[leaf]!.node.neighbours().length, 0);
    medium.input(leaf, { type: 'send', token: 1, to: medium.address(box), class: 'free', payload: new Uint8Array([1]) });
    medium.run(2000);
    equal(medium.stations[leaf]!.of('outcome').length, 0);
    medium.join(1, leaf, 0, 'ble');
    medium.run(15_000);
    equal(medium.stations[leaf]!.of('outcome')[0]?.outcome, 'delivered');
    same(medium.stations[box]!.of('message')[0]!.from.node, medium.stations[1]!.node.id);
  });
});
