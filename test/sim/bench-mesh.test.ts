/** The mesh bench: its counters can fail, its statistics are right, and a wrong command line gets a clear sentence. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createNode } from '../../firmware/core/node/index.js';
import type { RouteTable } from '../../firmware/core/ports/index.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { mutualGraph, type Topology } from '../../hosts/sim/topology.js';
import { meshbox } from '../bench/mesh/meshbox.js';
import { overriding } from '../bench/mesh/overriding.js';
import { splitHubs } from '../bench/mesh/scenarios.js';
import { estimate } from '../bench/mesh/statistics.js';
import { Trial } from '../bench/mesh/trial.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'meshbox-bench-'));
after(() => rmSync(folder, { recursive: true }));

function bench(...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', 'test/bench/mesh/main.ts', ...flags], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
  });
}

/** Each corner of a lossy grid loses its two links, and gets them back. */
async function loopsOf(forgetful: boolean): Promise<number> {
  const topology = makeTopology('grid4:5x5', { loss: 0.2 });
  const forget = (table: RouteTable): RouteTable => overriding(table, { announced: () => undefined });
  const make = meshbox({
    node: (_, options) => {
      const { kernels } = options;
      const forgetting = overriding(kernels, { routeTable: (each) => forget(kernels.routeTable(each)) });
      return createNode({ ...options, kernels: forgetful ? forgetting : kernels });
    },
  });
  const trial = new Trial(make, topology, 1);
  await trial.converge(30);
  for (const corner of [0, 4, 20, 24]) {
    trial.cut(topology.links.filter(({ from }) => from === corner));
    for (let look = 0; look < 200; look += 1) await trial.pass(0.1);
    for (const { from, to, ...link } of topology.links) trial.world.setLink(from, to, link);
    await trial.pass(20);
  }
  await trial.network.stop();
  return trial.loops;
}

suite('mesh bench', () => {
  test('cutting links makes no loops; without the feasibility condition it does, and they are counted', async () => {
    assert.equal(await loopsOf(false), 0);
    assert.ok((await loopsOf(true)) > 0);
  });

  test('mean and 95 % interval as in a table of Student’s t', () => {
    const { mean, half, least, most } = estimate([1, 2, 3, 4, 5]);
    assert.deepEqual([mean, least, most], [3, 1, 5]);
    assert.ok(Math.abs(half! - 2.776 * Math.sqrt(2.5 / 5)) < 1e-9);
    assert.equal(estimate([7]).half, undefined);
  });

  test('a hub with more neighbours than a table holds becomes several that are joined', () => {
    const star: Topology = {
      name: 'star',
      nodes: 601,
      links: Array.from({ length: 600 }, (_, leaf) => [
        { from: 0, to: leaf + 1, prr: 1, snr: 15, deviation: 0 },
        { from: leaf + 1, to: 0, prr: 1, snr: 15, deviation: 0 },
      ]).flat(),
    };
    const split = splitHubs(star);
    const degrees = mutualGraph(split.nodes, split.links).map((neighbours) => neighbours.length);
    assert.equal(split.nodes, 603);
    assert.ok(Math.max(...degrees) <= 254, `${Math.max(...degrees)}`);
    assert.equal(split.links.length, star.links.length + 4);
  });

  test('a topology of the user’s own: table, JSON on the last line, report', () => {
    const file = join(folder, 'three.csv');
    writeFileSync(file, 'from,to,mean SNR,deviation\na,b,10,0\nb,a,10,0\nb,c,10,0\nc,b,10,0\n');
    const report = join(folder, 'report');
    const { status, stdout, stderr } = bench('--quick', '--json', '--topology', file, '--report', report);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /delivery +1\.000/);
    const json = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, number | null>;
    const names = ['bielefeld', 'cologne-bonn', 'altdorf'].flatMap((name) => [`freifunk.${name}.delivery`, `freifunk.${name}.tx_ratio`]);
    const grids = ['grid7.control_bps', 'grid7.cold_99_s', 'grid7.cut_99_s', 'grid10.control_bps'];
    assert.deepEqual(Object.keys(json), [...grids, 'mobility.delivery', ...names, 'byzantine.delivery', 'loops']);
    assert.equal(json['loops'], 0);
    assert.match(readFileSync(join(report, 'figures.csv'), 'utf8'), /^topology,1,delivery,1$/m);
    assert.match(readFileSync(join(report, 'report.html'), 'utf8'), /<svg/);
  });

  test('a wrong command line: one clear sentence, exit code 2', () => {
    for (const [flags, expected] of [
      [['--seeds', '0'], /--seeds.*from 1 to 1000/],
      [['--only', 'nothing'], /There is no case "nothing".*grid7/],
      [['--topology', join(folder, 'none.json')], /cannot be read/],
    ] as const) {
      const { status, stderr } = bench(...flags);
      assert.equal(status, 2, stderr);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at .*\d+:\d+/);
    }
  });
});
