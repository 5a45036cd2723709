import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { micros, millis, NEVER } from '../../firmware/core/base/index.js';
import { linksBetween } from '../../hosts/sim/island.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { idleTurn, type RadioInput, type Station, type Turn } from '../../hosts/sim/station.js';
import { plainLink, type Topology } from '../../hosts/sim/topology.js';
import { World, type WorldOptions } from '../../hosts/sim/world.js';
import { everyone } from './air-bench.js';
import { flooderSpec } from './flooder.js';

const second = 1_000_000;

interface Flood {
  readonly world: World;
  /** heard[station] counts by origin. */
  readonly heard: Map<number, number>[];
}

function flood(
  topology: Topology,
  seed: number,
  options: Partial<WorldOptions> = {},
  slow: (index: number) => boolean = () => false,
): Flood {
  const world = new World({ seed, ...options });
  const heard: Map<number, number>[] = [];
  for (let index = 0; index < topology.nodes; index += 1) {
    heard.push(new Map());
    const hears = (origin: number): void => void heard[index]!.set(origin, (heard[index]!.get(origin) ?? 0) + 1);
    world.add(flooderSpec(index, seed, hears, slow(index)));
    world.start(index);
  }
  for (const { from, to, ...link } of topology.links) world.setLink(from, to, link);
  return { world, heard };
}

/** A station whose every answer the test writes itself. */
function scripted(script: (input: RadioInput, now: number) => Partial<Turn>): { spec(index: number): Parameters<World['add']>[0] } {
  return {
    spec: (index) => ({
      name: `scripted ${index}`,
      mac: Uint8Array.of(2, 0, 0, 0, 0, index),
      boot: () => ({ feed: (now, input) => ({ ...idleTurn, ...script(input, now) }) }),
    }),
  };
}

const transmit = (octets: number, link: 'air' | 'ble' = 'air'): Turn['transmits'][number] => ({
  type: 'transmit',
  link,
  to: everyone,
  bytes: new Uint8Array(octets),
});

suite('world', () => {
  const grid = makeTopology('grid4:5x5');

  test('same seed, same trace; another seed, another', async () => {
    const digests = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const { world } = flood(grid, seed);
        await world.run(micros(20 * second));
        return world.trace.digest();
      }),
    );
    assert.equal(digests[0], digests[1]);
    assert.notEqual(digests[0], digests[2]);
  });

  test('the trace does not depend on where the stations run or how late they answer', async () => {
    const digests = await Promise.all(
      [() => false, () => true, (index: number) => index % 3 === 0].map(async (slow) => {
        const { world } = flood(makeTopology('grid4:3x3'), 4, {}, slow);
        await world.run(micros(5 * second));
        return world.trace.digest();
      }),
    );
    assert.equal(new Set(digests).size, 1);
  });

  test('one changed octet changes the trace (planted fault)', async () => {
    const digestWith = async (octet: number): Promise<string> => {
      const world = new World({ seed: 1 });
      let sent = false;
      const { spec } = scripted(() => {
        if (sent) return {};
        sent = true;
        return { transmits: [{ ...transmit(40), bytes: new Uint8Array(40).fill(octet, 39) }] };
      });
      world.start(world.add(spec(0)));
      await world.run(micros(second));
      assert.equal(world.trace.transmissions, 1);
      return world.trace.digest();
    };
    assert.equal(await digestWith(7), await digestWith(7));
    assert.notEqual(await digestWith(7), await digestWith(8));
  });

  test('a flood reaches everyone over many hops', async () => {
    const { world, heard } = flood(makeTopology('line:9'), 1);
    await world.run(micros(30 * second));
    assert.ok(heard[8]!.get(0)! > 20, `${heard[8]!.get(0)} of 30`);
    assert.equal(heard[8]!.has(8), false);
  });

  test('a station that is killed falls silent, and speaks again after its restart', async () => {
    const { world, heard } = flood(makeTopology('line:3'), 1);
    await world.run(micros(5 * second));
    const before = heard[2]!.get(0)!;
    assert.ok(before > 0);
    await world.kill(1);
    assert.equal(world.isOn(1), false);
    await world.run(micros(10 * second));
    assert.equal(heard[2]!.get(0), before);
    world.start(1);
    await world.run(micros(15 * second));
    assert.ok(heard[2]!.get(0)! > before);
    assert.equal(world.counters(1).boots, 2);
  });

  test('a link that is cut carries nothing, one way; restored, it carries again; a loss can be changed', async () => {
    const { world, heard } = flood(makeTopology('line:2'), 1);
    world.setLink(0, 1, undefined);
    await world.run(micros(5 * second));
    assert.equal(heard[1]!.get(0), undefined);
    assert.ok(heard[0]!.get(1)! > 0);
    world.setLink(0, 1, plainLink(1));
    await world.run(micros(10 * second));
    const whole = heard[1]!.get(0)!;
    assert.ok(whole >= 4);
    world.setLink(0, 1, plainLink(0.5));
    await world.run(micros(210 * second));
    const half = heard[1]!.get(0)! - whole;
    assert.ok(Math.abs(half - 100) < 33, `${half} of 200 at a ratio of 0.5`);
  });

  test('a station that moves is heard where it went, and no longer where it was', async () => {
    const places = [0, 150, 3000].map((x) => ({ x, y: 0 }));
    const { world, heard } = flood({ name: 'places', nodes: 3, links: linksBetween(places) }, 1);
    await world.run(micros(5 * second));
    assert.deepEqual([heard[1]!.has(0), heard[2]!.has(0)], [true, false]);
    const before = heard[1]!.get(0);
    world.move(0, linksBetween([{ x: 2900, y: 0 }, places[1]!, places[2]!], 0));
    await world.run(micros(10 * second));
    assert.equal(heard[1]!.get(0), before);
    assert.ok(heard[2]!.get(0)! >= 3);
  });

  test('a station in trouble ends itself: the world goes on, tells, and can start it again', async () => {
    const ends: string[] = [];
    let end: (why: string) => void = () => {};
    const world = new World({ seed: 1, observer: { ended: (station, why) => ends.push(`${station}: ${why}`) } });
    const mortal: Station = { feed: () => idleTurn, onEnd: (handler) => void (end = handler) };
    world.add({ name: 'mortal', mac: everyone, boot: () => Promise.resolve(mortal) });
    world.start(0);
    await world.run(micros(second));
    assert.equal(world.isOn(0), true);
    end('memory full');
    assert.deepEqual(ends, ['0: memory full']);
    assert.equal(world.isOn(0), false);
    end('again');
    assert.equal(ends.length, 1);
    world.start(0);
    await world.run(micros(2 * second));
    assert.equal(world.isOn(0), true);
  });

  test('inputs take processor time one after the other; a full receive ring loses frames and counts them', async () => {
    const fed: number[] = [];
    const world = new World({ seed: 1, turn: 100_000, ring: 3 });
    let left = 10;
    const sender = scripted((input) => (input.type !== 'frame' && left-- > 0 ? { transmits: [transmit(16)] } : {}));
    const receiver = scripted((input) => {
      if (input.type === 'frame') fed.push(world.now);
      return {};
    });
    const others = [1, 2, 3, 4, 5].map((index) => world.add(sender.spec(index)));
    const listener = world.add(receiver.spec(9));
    for (const other of others) world.setLink(other, listener, plainLink(1));
    for (const index of [...others, listener]) world.start(index);
    await world.run(micros(10 * second));
    assert.ok(fed.length > 0);
    for (const [index, at] of fed.entries()) if (index > 0) assert.ok(at - fed[index - 1]! >= 100_000);
    const { overruns, air } = world.counters(listener);
    assert.ok(overruns > 0);
    assert.equal(air.readFrames, fed.length + overruns);
  });

  test('a second frame while one is in flight is the station’s own fault: counted, not sent', async () => {
    const world = new World({ seed: 1 });
    const impatient = scripted((input) => (input.type === 'tick' ? { transmits: [transmit(100), transmit(100)] } : {}));
    world.start(world.add(impatient.spec(0)));
    await world.run(micros(second));
    assert.equal(world.counters(0).impatient, 1);
    assert.equal(world.counters(0).air.sentFrames, 1);
  });

  test('a deadline is met once, not before its time, and one in the past does not stop the clock', async () => {
    const ticks: number[] = [];
    const world = new World({ seed: 1 });
    const stuck = scripted((input, now) => {
      if (input.type === 'tick') ticks.push(now);
      return { deadline: ticks.length < 3 ? millis(700) : millis(0) };
    });
    world.start(world.add(stuck.spec(0)));
    await world.run(micros(second));
    assert.ok(ticks[1]! >= 700);
    assert.ok(ticks.length > 50 && ticks.length < 310, `${ticks.length} ticks`);
    const calm = new World({ seed: 1 });
    let count = 0;
    const once = scripted(() => ({ deadline: (count += 1) === 1 ? millis(500) : NEVER }));
    calm.start(calm.add(once.spec(0)));
    await calm.run(micros(second));
    assert.equal(count, 2);
  });

  test('a command makes a station take a turn; one that is off refuses', async () => {
    const world = new World({ seed: 1 });
    const index = world.add(scripted(() => ({})).spec(0));
    assert.throws(() => world.submit(index, () => idleTurn), /station-off/);
    world.start(index);
    await world.run(micros(second));
    world.submit(index, () => ({ ...idleTurn, transmits: [transmit(20)] }));
    await world.run(micros(2 * second));
    assert.equal(world.counters(index).air.sentOctets, 20);
  });

  test('paced: the world keeps step with the clock it is given, and wakes for what nobody asked for', async () => {
    const stop = new AbortController();
    let clock = 0;
    let unasked: (turn: Turn) => void = () => {};
    const heardAt: number[] = [];
    const world = new World({ seed: 1, turn: 0 });
    const speaker = world.add({
      name: 'speaker',
      mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
      boot: () => ({ feed: () => idleTurn, onUnasked: (handler) => void (unasked = handler) }),
    });
    const listener = world.add(
      scripted((input) => {
        if (input.type === 'frame') {
          heardAt.push(world.now);
          stop.abort();
        }
        return {};
      }).spec(2),
    );
    world.setLink(speaker, listener, plainLink(1));
    world.start(speaker);
    world.start(listener);
    world.at(micros(5 * second), () => unasked({ ...idleTurn, transmits: [transmit(100)] }));
    // A clock that moves only by the pauses asked for, and a little at each look: no real time is measured.
    await world.runPaced(stop.signal, {
      micros: () => (clock += 100),
      after: (milliseconds, run) => {
        const immediate = setImmediate(() => {
          clock += milliseconds * 1000;
          run();
        });
        return () => clearImmediate(immediate);
      },
    });
    assert.equal(heardAt.length, 1);
    assert.ok(heardAt[0]! > 5 * second && heardAt[0]! < 5.1 * second, `${heardAt[0]}`);
    assert.ok(world.now <= clock);
  });
});

suite('bluetooth links', () => {
  const pair = (loss: number, seed = 1): { world: World; arrivals: number[]; answers: boolean[] } => {
    const arrivals: number[] = [];
    const answers: boolean[] = [];
    const world = new World({ seed, turn: 0, ble: { loss } });
    const leaf = scripted((input, now) => {
      if (input.type === 'sent') answers.push(input.ok);
      if (input.type === 'tick' && now < 9_000) return { transmits: [transmit(200, 'ble')], deadline: millis(now + 100) };
      return input.type === 'tick' ? {} : { deadline: millis(now + 50) };
    });
    const board = scripted((input) => {
      if (input.type === 'frame') arrivals.push(world.now);
      return {};
    });
    world.add(leaf.spec(1));
    world.add(board.spec(2));
    world.attach(0, 1);
    world.start(0);
    world.start(1);
    return { world, arrivals, answers };
  };

  test('nothing is lost, only late, and it arrives in connection events 30 ms apart, a few packets in each', async () => {
    for (const loss of [0, 0.6]) {
      const { world, arrivals, answers } = pair(loss);
      await world.run(micros(60 * second));
      assert.ok(arrivals.length > 10);
      assert.deepEqual(
        answers,
        arrivals.map(() => true),
      );
      // A packet of 200 octets takes 1,736 us, the empty one in return and two spaces 380 us more.
      const phases = new Set(arrivals.map((at) => at % 30_000));
      const first = [...phases].find((start) => [...phases].every((phase) => ((phase - start + 30_000) % 30_000) % 2_116 === 0));
      assert.ok(first !== undefined && phases.size <= 4, `loss ${loss}: ${[...phases].join(' ')}`);
    }
  });

  test('it does not use the air', async () => {
    const { world } = pair(0);
    await world.run(micros(5 * second));
    assert.equal(world.counters(0).air.airtime, 0);
    assert.ok(world.trace.transmissions > 0);
  });

  test('a leaf that is not attached is told so, and one whose board died until it is back', async () => {
    const { world, arrivals, answers } = pair(0);
    await world.run(micros(2 * second));
    const delivered = arrivals.length;
    await world.kill(1);
    await world.run(micros(4 * second));
    assert.equal(arrivals.length, delivered);
    assert.ok(answers.includes(false));
    world.start(1);
    await world.run(micros(6 * second));
    assert.ok(arrivals.length > delivered);
    world.attach(0, undefined);
    const last = arrivals.length;
    await world.run(micros(8 * second));
    assert.equal(arrivals.length, last);
  });
});
