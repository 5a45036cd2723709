/** Small meshes of whole nodes in virtual time: they find routes, keep to them, heal, and never loop. */
import { hex } from '../../firmware/core/base/index.js';
import {
  ENVELOPE_OCTETS,
  EnvelopeClass,
  envelopeClass,
  envelopeCounter,
  envelopeFlow,
  decodeRouting,
} from '../../firmware/core/wire/index.js';
import { check, equal, suite } from './harness.js';
import { Medium } from './medium.js';

/** Boards in a row; losses of 256. */
function line(seed: number, count: number, loss = 0): Medium {
  const medium = new Medium(seed);
  for (let i = 0; i < count; i += 1) medium.add();
  for (let i = 1; i < count; i += 1) medium.join(i - 1, i, loss);
  return medium;
}

function grid(seed: number, side: number, loss = 0): Medium {
  const medium = new Medium(seed);
  for (let i = 0; i < side * side; i += 1) medium.add('board', ['air'], { pings: 8 });
  for (let i = 0; i < side * side; i += 1) {
    if (i % side < side - 1) medium.join(i, i + 1, loss);
    if (i + side < side * side) medium.join(i, i + side, loss);
  }
  return medium;
}

/** Ordered pairs of the living with a way. */
function reached(medium: Medium): { readonly ways: number; readonly pairs: number } {
  let ways = 0;
  let pairs = 0;
  medium.stations.forEach((a, from) =>
    medium.stations.forEach((b, to) => {
      if (from === to || !a.alive || !b.alive) return;
      pairs += 1;
      if (medium.follow(from, to) > 0) ways += 1;
    }),
  );
  return { ways, pairs };
}

const loops = (medium: Medium): number => medium.stations.reduce((sum, { node }) => sum + node.counters().drops.Loop, 0);
const controlOctets = (medium: Medium): number => medium.stations.reduce((sum, { node }) => sum + node.counters().controlOctets, 0);

/** Seconds until every pair of the living has a way. */
function convergence(medium: Medium, patience: number): number {
  for (let second = 1; second <= patience; second += 1) {
    medium.run(1000);
    const { ways, pairs } = reached(medium);
    if (ways === pairs) return second;
  }
  return Infinity;
}

suite('mesh: cold start', (t) => {
  for (const [loss, within] of [
    [0, 4],
    [51, 12],
  ] as const)
    t.test(`a grid of 3 x 3 with ${Math.round((loss * 100) / 256)} % loss knows all ways within ${within} s`, () => {
      for (let seed = 1; seed <= 3; seed += 1) {
        const seconds = convergence(grid(seed, 3, loss), 30);
        check(seconds <= within, `seed ${seed}: ${seconds} s`);
      }
    });

  t.test('shortest ways: as many hops as the grid has between them', () => {
    const medium = grid(1, 3);
    medium.run(10_000);
    equal(medium.follow(0, 8), 4);
    equal(medium.follow(0, 2), 2);
    equal(medium.follow(3, 5), 2);
  });

  t.test('at rest it says little: beacons, hellos and a refresh every three minutes', () => {
    const medium = grid(1, 3);
    medium.run(60_000);
    const before = controlOctets(medium);
    medium.run(180_000);
    const rate = (controlOctets(medium) - before) / medium.stations.length / 180;
    check(rate > 6 && rate < 16, `${Math.round(rate * 10)} tenths of an octet a second and node`);
  });

  t.test('who hears only one neighbour does not repeat to it what it said', () => {
    const medium = line(1, 4);
    medium.run(20_000);
    const said = new Set<string>();
    medium.tap = (from, _, __, bytes) => {
      if (from !== 0 || envelopeClass(bytes, 0) !== EnvelopeClass.routing) return true;
      const message = decodeRouting(bytes, ENVELOPE_OCTETS, bytes.length);
      if (typeof message !== 'number' && message.kind === 'update')
        for (const each of message.announcements) said.add(hex(each.destination));
      return true;
    };
    medium.run(240_000);
    equal([...said].join(), hex(medium.stations[0]!.node.id));
  });
});

suite('mesh: healing', (t) => {
  t.test('a board dies: whoever sends finds the other way within seconds, without a loop', () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const medium = grid(seed, 3);
      medium.run(30_000);
      medium.stations[4]!.alive = false;
      for (let token = 0; token < 6; token += 1) {
        for (const [from, to] of [
          [0, 8],
          [6, 2],
          [1, 7],
          [3, 5],
        ] as const)
          medium.input(from, { type: 'ping', token, to: medium.address(to) });
        medium.run(1000);
      }
      for (const [from, to] of [
        [0, 8],
        [6, 2],
        [1, 7],
        [3, 5],
      ] as const)
        check(medium.follow(from, to) > 0, `seed ${seed}: no way from ${from} to ${to} after 6 s`);
      medium.run(10_000);
      for (const from of [0, 6, 1, 3]) equal(medium.stations[from]!.of('pong').length, 6, `seed ${seed}: pongs at ${from}`);
      equal(loops(medium), 0);
    }
  });

  t.test('a link is cut and nobody sends: the next hello is missed, a question proves it, and the other way is taken', () => {
    const medium = grid(2, 3);
    medium.run(30_000);
    const before = medium.stations.map(({ node }) => node.counters().retries);
    medium.run(60_000);
    equal(medium.stations.filter(({ node }, i) => node.counters().retries > before[i]!).length, 0, 'nothing is doubted while hellos come');
    medium.cut(0, 1);
    medium.cut(4, 5);
    medium.run(6_000);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [4, 5],
      [5, 4],
    ] as const)
      equal(medium.follow(from, to), 3, `around from ${from} to ${to}`);
    equal(loops(medium), 0);
  });

  t.test('a neighbour whose hello was lost answers the question and stays', () => {
    const medium = line(1, 3);
    medium.run(30_000);
    const lost = new Set<number>();
    medium.tap = (from, _, __, plain) => {
      if (from !== 1 || plain.length !== ENVELOPE_OCTETS || lost.size > 0) return true;
      lost.add(medium.now);
      return false;
    };
    medium.run(10_000);
    equal(lost.size, 1);
    const downs = (station: number): number => medium.stations[station]!.of('neighbour').filter(({ up }) => !up).length;
    equal(downs(0) + downs(2), 0);
    equal(medium.follow(0, 2), 2);
  });

  t.test('at the first failure the alternate next hop takes the packet: no end to end repetition', () => {
    // 1 and 2 both lead from 0 to 3.
    const medium = new Medium(4);
    for (let i = 0; i < 4; i += 1) medium.add();
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ] as const)
      medium.join(a, b);
    medium.run(20_000);
    const first = medium.nextHop(0, 3);
    medium.stations[first]!.alive = false;
    const flows = new Set<string>();
    medium.tap = (from, _, bytes) => {
      if (from === 0 && envelopeClass(bytes, 0) === EnvelopeClass.control)
        flows.add(`${envelopeFlow(bytes, 0)}/${envelopeCounter(bytes, 0)}`);
      return true;
    };
    medium.input(0, { type: 'ping', token: 1, to: medium.address(3) });
    medium.run(1500);
    equal(medium.stations[0]!.of('pong').length, 1);
    equal(flows.size, 1, 'one packet');
    check(medium.stations[0]!.of('pong')[0]!.elapsed < 600, 'after three tries of one hop');
  });

  t.test('the only way breaks: unreachable is known on both sides, and reachable again when it mends', () => {
    const medium = line(2, 5);
    medium.run(20_000);
    medium.cut(2, 3);
    for (let token = 0; token < 8; token += 1) {
      medium.input(0, { type: 'ping', token, to: medium.address(4) });
      medium.run(1000);
    }
    for (const from of [0, 1, 2]) equal(medium.nextHop(from, 4), -1, `from ${from}`);
    medium.join(2, 3);
    check(convergence(medium, 20) <= 15, 'mended');
    equal(loops(medium), 0);
  });

  t.test('starved of feasible routes, a new sequence number is asked for and comes', () => {
    // 0 reaches 4 over 1 (short); 2 and 3 are a long way round whose metric is not feasible for 0.
    const medium = new Medium(6);
    for (let i = 0; i < 5; i += 1) medium.add();
    for (const [a, b] of [
      [0, 1],
      [1, 4],
      [0, 2],
      [2, 3],
      [3, 4],
    ] as const)
      medium.join(a, b);
    medium.run(20_000);
    equal(medium.follow(0, 4), 2);
    let requests = 0;
    medium.tap = (_, __, ___, bytes) => {
      if (envelopeClass(bytes, 0) !== EnvelopeClass.routing) return true;
      const message = decodeRouting(bytes, ENVELOPE_OCTETS, bytes.length);
      if (typeof message !== 'number' && message.kind === 'seqno-request') requests += 1;
      return true;
    };
    medium.stations[1]!.alive = false;
    for (let token = 0; token < 5; token += 1) {
      medium.input(0, { type: 'ping', token, to: medium.address(4) });
      medium.run(1000);
    }
    equal(medium.follow(0, 4), 3, 'the long way');
    check(requests > 0, 'it had to ask');
    medium.run(8000);
    equal(medium.stations[0]!.of('pong').length, 5);
  });

  t.test('a node that restarts forgets everything and is known again; its old sequence number does not stand in the way', () => {
    const medium = grid(7, 3);
    medium.run(30_000);
    medium.restart(4);
    medium.run(10_000);
    const { ways, pairs } = reached(medium);
    equal(ways, pairs);
    equal(loops(medium), 0);
  });

  t.test('two islands meet', () => {
    const medium = new Medium(8);
    for (let i = 0; i < 6; i += 1) medium.add();
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [3, 4],
      [4, 5],
    ] as const)
      medium.join(a, b);
    medium.run(40_000);
    equal(reached(medium).ways, 12);
    medium.join(2, 3);
    check(convergence(medium, 30) <= 15, 'at the latest when both have beaconed');
  });

  t.test('random cuts and repairs under traffic on a lossy grid: packets never come back to their sender', () => {
    const medium = grid(9, 3, 40);
    medium.run(15_000);
    for (let round = 0; round < 30; round += 1) {
      const a = medium.prng.below(9);
      const edge = medium.stations[a]!.edges[medium.prng.below(medium.stations[a]!.edges.length)]!;
      const loss = medium.prng.below(2) === 0 ? 256 : 40;
      medium.loss(a, edge.to, loss);
      medium.loss(edge.to, a, loss);
      for (let k = 0; k < 3; k += 1)
        medium.input(medium.prng.below(9), { type: 'ping', token: round, to: medium.address(medium.prng.below(9)) });
      medium.run(1500);
    }
    equal(loops(medium), 0);
  });
});

suite('mesh: caps', (t) => {
  t.test('more destinations than the table holds: the near ones are kept, and nothing breaks', () => {
    const medium = new Medium(1);
    for (let i = 0; i < 9; i += 1) medium.add('board', ['air'], i === 0 ? { destinations: 4 } : {});
    for (let i = 1; i < 9; i += 1) medium.join(i - 1, i);
    medium.run(20_000);
    let held = 0;
    medium.stations[0]!.node.routes(() => (held += 1));
    equal(held, 4);
    check(medium.follow(0, 1) === 1 && medium.follow(0, 3) === 3, 'the near ones');
    check(medium.stations[0]!.node.counters().drops.RoutesFull > 0, 'counted');
    equal(medium.follow(8, 0), 8, 'the others know all');
  });

  t.test('more neighbours than the table holds: some are left out and counted, the rest work', () => {
    const medium = new Medium(2);
    medium.add('board', ['air'], { neighbours: 3 });
    for (let i = 1; i <= 5; i += 1) {
      medium.add();
      medium.join(0, i);
    }
    medium.run(10_000);
    equal(medium.stations[0]!.node.neighbours().length, 3);
    check(medium.stations[0]!.node.counters().drops.NeighboursFull > 0, 'counted');
  });
});
