/** The real nodes on the simulated air: what has to hold whatever the protocol inside does. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { micros } from '../../firmware/core/base/index.js';
import { defaultCaps } from '../../firmware/core/node/index.js';
import { cutVertices } from '../../hosts/sim/graph.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { NodeMesh } from '../../hosts/sim/node-mesh.js';
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { usableGraph, type Topology } from '../../hosts/sim/topology.js';
import { FileHost } from './file-host.js';

const second = 1_000_000;

interface Island {
  readonly mesh: NodeMesh;
  readonly hosts: Map<number, FileHost>;
}

/** A mesh that is on and has converged; hosts for files at the two stations. */
async function converged(topology: Topology, seed: number, ends: readonly number[] = []): Promise<Island> {
  const hosts = new Map<number, FileHost>();
  // Ends of files are boxes and leaves: their caps, not a board's.
  const { messages, messageOctets, octets } = defaultCaps.leaf;
  const caps = { messages, messageOctets, octets };
  const mesh = new NodeMesh({ seed, topology, caps, effect: (board, _, effect) => hosts.get(board)?.onEffect(effect) });
  for (const end of ends) hosts.set(end, new FileHost(mesh, end));
  for (const board of mesh.ids.keys()) mesh.world.start(board, micros(board * 10_000));
  await until(mesh, 120, () => isWhole(mesh), `convergence with seed ${seed}`);
  return { mesh, hosts };
}

/** All but `off` boards are on, and each has a way to each. */
function isWhole(mesh: NodeMesh, off = 0): boolean {
  const on = mesh.ids.length - off;
  const { pairs, reached } = mesh.reach();
  return pairs === on * (on - 1) && reached === pairs;
}

/** Runs until something holds; fails after so many virtual seconds. */
async function until(mesh: NodeMesh, seconds: number, holds: () => boolean, what: string): Promise<void> {
  const last = mesh.world.now + seconds * second;
  while (!holds()) {
    assert.ok(mesh.world.now < last, `${what}: not within ${seconds} virtual seconds`);
    await mesh.world.run(micros(mesh.world.now + second / 10));
  }
}

function nextHop(mesh: NodeMesh, at: number, destination: number): number {
  let hop = -1;
  mesh.node(at)!.routes((id, next) => {
    if (mesh.stationOf(id) === destination) hop = mesh.stationOf(next);
  });
  return hop;
}

suite('mesh on the air', () => {
  const grid = makeTopology('grid4:4x4');
  const seed = 3;
  const file = new RandomStream('file').bytes(60_000);

  test('same seed, same trace and same identities; another seed, another', async () => {
    const runs = await Promise.all(
      [1, 1, 2].map(async (each) => {
        const { mesh } = await converged(grid, each);
        await mesh.world.run(micros(30 * second));
        return { trace: mesh.world.trace.digest(), id: Buffer.from(mesh.ids[0]!).toString('hex') };
      }),
    );
    assert.deepEqual(runs[0], runs[1]);
    assert.notEqual(runs[0]!.trace, runs[2]!.trace);
    assert.notEqual(runs[0]!.id, runs[2]!.id);
  });

  test('a board that carries a file is killed midway: the file still arrives', async () => {
    const [source, destination] = [0, 15];
    const { mesh, hosts } = await converged(grid, seed, [source, destination]);
    const receiver = hosts.get(destination)!;
    hosts.get(source)!.offer(destination, file);
    await until(mesh, 60, () => receiver.blocks >= 5, 'the first blocks');
    const victim = nextHop(mesh, source, destination);
    assert.ok(![source, destination, ...cutVertices(usableGraph(grid))].includes(victim), `${victim} may be killed`);
    assert.ok(mesh.node(victim)!.counters().forwarded > 0);
    assert.equal(receiver.outcome, undefined);
    await mesh.world.kill(victim);
    await until(mesh, 120, () => receiver.outcome !== undefined, `the rest of the file (seed ${seed})`);
    assert.equal(receiver.outcome, 'complete');
    assert.deepEqual(receiver.octets, file);
    await until(mesh, 60, () => hosts.get(source)!.outcome === 'complete', 'the sender learns of it');
    await until(mesh, 60, () => isWhole(mesh, 1), 'ways around the dead board');
  });

  test('a board that comes back is reachable again, and reaches everyone', async () => {
    const { mesh } = await converged(grid, seed);
    await mesh.world.kill(5);
    await mesh.world.run(micros(mesh.world.now + 60 * second));
    assert.ok(isWhole(mesh, 1), 'the others heal');
    mesh.world.start(5);
    await until(mesh, 120, () => isWhole(mesh), `seed ${seed}`);
    assert.equal(mesh.reach().looping, 0);
  });

  test('a receiver restarts midway with what it has stored: the file goes on from there', async () => {
    const [source, destination] = [0, 15];
    const { mesh, hosts } = await converged(grid, seed, [source, destination]);
    const receiver = hosts.get(destination)!;
    hosts.get(source)!.offer(destination, file);
    await until(mesh, 60, () => receiver.blocks >= 5, 'the first blocks');
    await mesh.world.kill(destination);
    await mesh.world.run(micros(mesh.world.now + 5 * second));
    mesh.world.start(destination);
    await mesh.world.run(micros(mesh.world.now + second));
    receiver.restart();
    await until(mesh, 240, () => receiver.outcome === 'complete', `the rest of the file (seed ${seed})`);
    assert.deepEqual(receiver.octets, file);
    const blocks = Math.ceil(file.length / receiver.offered!.blockOctets);
    assert.ok(receiver.blocks <= blocks + 2, `${receiver.blocks} blocks were stored for a file of ${blocks}`);
  });
});
