/** `npm run sim`: figures that add up, a trace that repeats, and clear words for a wrong command line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { micros } from '../../firmware/core/base/index.js';
import { pathBounds } from '../../hosts/sim/bound.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import type { SimReport } from '../../hosts/sim/report.js';
import { runScenario } from '../../hosts/sim/scenario.js';
import { Trace } from '../../hosts/sim/trace.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'meshbox-scenario-'));
after(() => rmSync(folder, { recursive: true }));

function sim(...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', 'hosts/sim/main.ts', ...flags], { cwd: root, encoding: 'utf8', timeout: 60_000 });
}

suite('scenario', () => {
  test('a small grid converges without loops, delivers every ping, and the figures fit together', async () => {
    const phases = new Set<string>();
    let frames = 0;
    const report = await runScenario({
      topology: makeTopology('grid4:3x3'),
      seed: 1,
      rate: 10,
      onProgress: (phase) => phases.add(phase),
      onTransmission: () => (frames += 1),
    });
    const { convergence, pings, transmissions, control, airtime } = report;
    assert.deepEqual([...phases], ['converging', 'settling', 'resting', 'pinging']);
    assert.ok(convergence.p95! <= convergence.p99! && convergence.p99! <= convergence.p100!, JSON.stringify(convergence));
    assert.equal(report.loops, 0);
    assert.deepEqual([pings.sent, pings.delivered], [72, 72]);
    // Mean distance on the grid is 2 hops; without loss the best paths are the shortest.
    assert.equal(pings.meanHops, 2);
    assert.equal(transmissions.bound, 8);
    assert.ok(transmissions.perPing >= 2 * (2 + 1) - 0.5 && transmissions.perPing <= 8, `${transmissions.perPing}`);
    assert.ok(control.rest > 0 && control.rest < control.start);
    assert.ok(airtime.rest.mean <= airtime.rest.most && airtime.rest.most < 100);
    assert.ok(pings.p50 > 0 && pings.p50 <= pings.p95);
    assert.equal(report.trace.transmissions, frames);
    assert.deepEqual(report.ends, []);
    assert.deepEqual(report.caps, {});
  });

  test('the bound counts 1/(pq) + 1/q a hop over the cheapest way', () => {
    const topology = makeTopology('line:3', { loss: 0.2 });
    const bounds = pathBounds(topology, '1M');
    const hop = 1 / (0.8 * 0.8) + 1 / 0.8;
    assert.ok(Math.abs(bounds[0]![2]! - 2 * hop) < 1e-9);
    assert.equal(bounds[1]![1], 0);
  });
});

suite('sim on the command line', () => {
  test('prints the table, the JSON object on the last line, and a trace whose octets hash to the figure', () => {
    const path = join(folder, 'trace.txt');
    const { status, stdout } = sim('--topology', 'line:3', '--seed', '4', '--json', '--trace', path);
    assert.equal(status, 0, stdout);
    const lines = stdout.trimEnd().split('\n');
    const report = JSON.parse(lines.at(-1)!) as SimReport;
    assert.equal(report.nodes, 3);
    assert.equal(report.pings.delivered, 6);
    assert.match(stdout, /^pings delivered +6 of 6 \(100 %\)$/m);
    const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
    const digestOf = (text: string): string => {
      const trace = new Trace();
      for (const line of text.trimEnd().split('\n')) {
        const [at, kind, from, to, bytes] = line.split(' ');
        trace.add({ at: micros(Number(at)), kind: kind as 'air' | 'ble', from: octets(from!), to: octets(to!), bytes: octets(bytes!) });
      }
      return trace.digest();
    };
    const text = readFileSync(path, 'utf8');
    assert.equal(digestOf(text), report.trace.sha256);
    // Planted fault: one hexadecimal digit of the last frame.
    const last = text.trimEnd().at(-1)!;
    assert.notEqual(digestOf(`${text.trimEnd().slice(0, -1)}${last === '0' ? '1' : '0'}\n`), report.trace.sha256);
  });

  test('a wrong command line: one clear sentence, exit code 2, no stack trace', () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['--bogus'], /unknown option '--bogus'/],
      [['--topology', 'grid4'], /There is no topology "grid4".*grid4:WxH/],
      [['--loss', '1'], /--loss.*from 0 to 0\.99/],
      [['--profile', 'z80'], /--profile.*choices are esp32/],
      [['--topology', 'line:2', '--trace', join(folder, 'no', 'where')], /trace cannot be written.*ENOENT/],
      [['--topology', 'line:200', '--engine', 'xs'], /line:200 needs more than a board holds: destinations 256 \(a board has 128\)/],
    ];
    for (const [flags, expected] of wrong) {
      const { status, stdout, stderr } = sim(...flags);
      assert.equal(status, 2, `${flags.join(' ')}: ${stderr}`);
      assert.match(stderr, expected);
      assert.doesNotMatch(stdout + stderr, /\n\s+at .*\d+:\d+/);
    }
  });
});
