/** One scenario, two engines: boards on Node and boards on XS must do the same, octet for octet and microsecond for microsecond. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { micros } from '../../firmware/core/base/index.js';
import { BoardRack, entropySeed } from '../../hosts/sim/board-rack.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { identityOf } from '../../hosts/sim/mesh.js';
import { ProcessStation } from '../../hosts/sim/process-station.js';
import type { Station } from '../../hosts/sim/station.js';
import { plainLink } from '../../hosts/sim/topology.js';
import { traceLine } from '../../hosts/sim/trace.js';
import { World } from '../../hosts/sim/world.js';
import { addLeaf } from '../../hosts/sim/xs-mesh.js';
import { BoardStation } from './board-station.js';

const second = 1_000_000;
const topology = makeTopology('grid4:3x2', { loss: 0.1 });
const seed = 11;

let rack: BoardRack;
before(async () => {
  rack = await BoardRack.make(seed, 'esp32c6');
});
after(() => rack.clear());

type Boot = (board: number, boots: number) => Station | Promise<Station>;

const onXs: Boot = async (board, boots) => new ProcessStation(await rack.boot(board, boots));
/** `entropy`: which seed a board's randomness follows from; the run's, unless a test spoils it. */
const onNode =
  (entropy: (board: number) => number): Boot =>
  (board, boots) => {
    return new BoardStation({
      identity: identityOf(seed, 'board', board),
      seed: entropySeed(entropy(board), board, boots),
      mtu: { air: 250, ble: 244 },
    });
  };
const unspoilt = onNode(() => seed);

interface Run {
  readonly digest: string;
  readonly lines: readonly string[];
  readonly answers: readonly string[];
  readonly ends: readonly string[];
}

/** Six boards with leaves at two corners: a start, pings across, one board killed and switched on again. */
async function run(boot: Boot): Promise<Run> {
  const lines: string[] = [];
  const answers: string[] = [];
  const ends: string[] = [];
  const observer = {
    transmission: (_: number, transmission: Parameters<typeof traceLine>[0]) => void lines.push(traceLine(transmission)),
    ended: (station: number, why: string) => void ends.push(`${station}: ${why}`),
  };
  const world = new World({ seed, observer });
  const identities = Array.from({ length: topology.nodes }, (_, board) => identityOf(seed, 'board', board));
  for (const [board, identity] of identities.entries()) {
    world.add({ name: `board ${board}`, mac: identity.mac, boot: (_, boots) => boot(board, boots) });
    world.start(board, micros(board * 100_000));
  }
  for (const { from, to, ...link } of topology.links) world.setLink(from, to, link);
  const leaves = [0, 5].map((board) => {
    const station = addLeaf(world, seed, board, (_, now, effect) => {
      if (effect.type === 'pong' || effect.type === 'outcome') answers.push(`${board} ${effect.type} ${effect.token} at ${now}`);
    });
    return { station, index: world.size - 1, other: 5 - board };
  });
  for (let token = 0; token < 20; token += 1) {
    world.at(micros((20 + token) * second), () => {
      for (const { station, index, other } of leaves) {
        world.submit(index, (now) => station.feed(now, { type: 'ping', token, to: { node: identities[other]!.id } }));
      }
    });
  }
  world.at(micros(28 * second), () => world.kill(1));
  world.start(1, micros(33 * second));
  await world.run(micros(60 * second));
  await world.stop();
  return { digest: world.trace.digest(), lines, answers, ends };
}

suite('engines', { timeout: 280_000 }, () => {
  test('the same seeded scenario gives the same trace on Node and on XS', async () => {
    const [node, xs] = [await run(unspoilt), await run(onXs)];
    assert.deepEqual(xs.ends, []);
    const different = node.lines.findIndex((line, index) => line !== xs.lines[index]);
    assert.equal(different, -1, `transmission ${different}: Node ${node.lines[different]}, XS ${xs.lines[different]}`);
    assert.equal(xs.digest, node.digest);
    assert.deepEqual(xs.answers, node.answers);
    const pongs = node.answers.filter((answer) => answer.includes('pong'));
    assert.ok(pongs.length >= 36, `${pongs.length} of 40 pings were answered: the scenario is not an idle one`);
  });

  test('another seed on one board shows in the trace (planted fault)', async () => {
    const spoilt = await run(onNode((board) => (board === 4 ? seed + 1 : seed)));
    assert.notEqual(spoilt.digest, (await run(unspoilt)).digest);
  });

  test('a board process that dies ends its station alone: the world goes on and can switch it on again', async () => {
    const ended: string[] = [];
    let ends = (): void => {};
    const end = new Promise<void>((resolve) => (ends = resolve));
    const stations: ProcessStation[] = [];
    const world = new World({
      seed,
      observer: {
        ended: (station, why) => {
          ended.push(`${station}: ${why}`);
          ends();
        },
      },
    });
    for (const board of [0, 1]) {
      const boot = async (_: number, boots: number): Promise<Station> =>
        (stations[board] = new ProcessStation(await rack.boot(board, boots)));
      world.add({ name: `board ${board}`, mac: identityOf(seed, 'board', board).mac, boot });
      world.start(board);
    }
    world.setLink(0, 1, plainLink(1));
    world.setLink(1, 0, plainLink(1));
    await world.run(micros(5 * second));
    process.kill(stations[1]!.board.pid, 'SIGKILL');
    await end;
    assert.deepEqual(ended, ['1: SIGKILL (exit code none)']);
    assert.deepEqual([world.isOn(0), world.isOn(1)], [true, false]);
    const before = world.counters(0).air.sentFrames;
    await world.run(micros(30 * second));
    assert.ok(world.counters(0).air.sentFrames > before);
    world.start(1);
    await world.run(micros(45 * second));
    assert.deepEqual([world.isOn(1), world.counters(1).boots], [true, 2]);
    assert.ok(world.counters(1).air.readFrames > 0);
    await world.stop();
    assert.equal(ended.length, 1);
  });
});
