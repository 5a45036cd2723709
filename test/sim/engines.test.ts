/** One scenario, two engines: boards on Node and boards on XS must do the same, octet for octet and microsecond for microsecond. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { micros } from '../../firmware/core/base/index.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { identityOf, type Identity } from '../../hosts/sim/mesh.js';
import { ProcessStation } from '../../hosts/sim/process-station.js';
import type { Station } from '../../hosts/sim/station.js';
import { traceLine } from '../../hosts/sim/trace.js';
import { World } from '../../hosts/sim/world.js';
import { addLeaf, entropySeed } from '../../hosts/sim/xs-mesh.js';
import { startBoardProcess } from '../../hosts/xs/board-process.js';
import { bundleForXs } from '../../hosts/xs/build.mjs';
import { BoardStation } from './board-station.js';

const second = 1_000_000;
const topology = makeTopology('grid4:3x2', { loss: 0.1 });
const seed = 11;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshbox-engines-'));
  await bundleForXs({
    entry: fileURLToPath(new URL('../../hosts/sim/seeded-board.ts', import.meta.url)),
    output: join(folder, 'board.js'),
  });
});
after(() => rm(folder, { recursive: true }));

type Boot = (board: number, identity: Identity, entropy: Uint8Array) => Station | Promise<Station>;

const onNode: Boot = (_, { publicKey }, entropy) => new BoardStation({ publicKey, seed: entropy, mtu: { air: 250, ble: 244 } });
const onXs: Boot = async (board, { secret }, entropy) => {
  const stateDir = join(folder, `board-${board}`);
  await mkdir(stateDir, { recursive: true });
  await writeFile(join(stateDir, 'secret'), secret);
  await writeFile(join(stateDir, 'seed'), entropy);
  return new ProcessStation(await startBoardProcess({ profile: 'esp32c6', bundle: join(folder, 'board.js'), stateDir }));
};

interface Run {
  readonly digest: string;
  readonly lines: readonly string[];
  readonly answers: readonly string[];
  readonly ends: readonly string[];
}

/** Six boards with leaves at two corners: a start, pings across, one board killed and switched on again. `entropy` may be spoilt by a test. */
async function run(boot: Boot, entropy = (board: number, boots: number): Uint8Array => entropySeed(seed, board, boots)): Promise<Run> {
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
    world.add({ name: `board ${board}`, mac: identity.mac, boot: (_, boots) => boot(board, identity, entropy(board, boots)) });
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
    const [node, xs] = [await run(onNode), await run(onXs)];
    assert.deepEqual(xs.ends, []);
    const different = node.lines.findIndex((line, index) => line !== xs.lines[index]);
    assert.equal(different, -1, `transmission ${different}: Node ${node.lines[different]}, XS ${xs.lines[different]}`);
    assert.equal(xs.digest, node.digest);
    assert.deepEqual(xs.answers, node.answers);
    const pongs = node.answers.filter((answer) => answer.includes('pong'));
    assert.ok(pongs.length >= 36, `${pongs.length} of 40 pings were answered: the scenario is not an idle one`);
  });

  test('another seed on one board shows in the trace (planted fault)', async () => {
    const spoilt = await run(onNode, (board, boots) => entropySeed(board === 4 ? seed + 1 : seed, board, boots));
    assert.notEqual(spoilt.digest, (await run(onNode)).digest);
  });
});
