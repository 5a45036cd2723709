/**
 * `npm run bench:mesh:real [-- --json] [-- --quick]`: our node and Debian's babeld, one after the other, in 49 network namespaces that form the same grid of
 * 7 x 7: one veth each, joined by a namespace that copies a frame to the neighbours. Convergence, pings, octets that the kernel counted, and recovery after
 * 8 of the 84 links are cut. Needs root, iproute2 (ip, tc) and babeld (`apt-get install babeld`). Exit codes: 0 measured, 1 failed, 2 something is missing.
 *
 *   namespaces up -> processes ready -> protocol started -> whole -> at rest -> cut -> whole again -> namespaces gone
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { messageOf, Problem } from '../../../hosts/node/index.js';
import { followRoutes } from '../../../hosts/sim/ground-truth.js';
import { makeTopology } from '../../../hosts/sim/make-topology.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';
import { distances } from '../../../hosts/sim/graph.js';
import { bothWays, mutualGraph, plainLink } from '../../../hosts/sim/topology.js';
import type { Command, Reply } from './real-node.js';
import type { Curve } from './trial.js';

const flags = process.argv.slice(2);
const quick = flags.includes('--quick');
const seed = 1;
const topology = makeTopology('grid4:7x7');
const size = topology.nodes;
const settling = 15_000;
/** Whole update intervals of babeld; ours refreshes every three minutes and is measured over one of those unless --quick. */
const resting = quick ? 48_000 : 180_000;
const patience = 90_000;
const pings = 200;
const air = 'mbx-air';
const space = (station: number): string => `mbx${station}`;
const address = (station: number): string => `fd00:6d62::${(station + 1).toString(16)}`;
const folder = mkdtempSync(join(tmpdir(), 'meshbox-real-'));

interface Figures {
  readonly cold_95_s: number | null;
  readonly cold_99_s: number | null;
  readonly cold_100_s: number | null;
  readonly control_bps: number;
  readonly packets_ps: number;
  readonly pings: number;
  readonly cut_95_s: number | null;
  readonly cut_99_s: number | null;
  readonly cut_100_s: number | null;
}

/** A protocol in the namespaces. */
interface Side {
  readonly name: string;
  start(): void;
  /** [station][destination]: the next hop, or -1. */
  hops(): Promise<readonly (readonly number[])[]>;
  ping(from: number, to: number): Promise<boolean>;
  stop(): void;
}

function run(command: string, arguments_: readonly string[], input?: string): string {
  return execFileSync(command, arguments_, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...(input !== undefined && { input }) });
}

function requireTools(): void {
  if (process.getuid?.() !== 0) throw new Problem('real-root', 'Network namespaces need root.', 'Run it as root.');
  for (const [tool, from] of [
    ['ip', 'iproute2'],
    ['tc', 'iproute2'],
    ['babeld', 'babeld'],
  ] as const)
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
      throw new Problem('real-tool', `${tool} is missing.`, `Install it: apt-get install ${from}`);
}

function clear(): void {
  const names = run('ip', ['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0]!);
  for (const name of names) if (name === air || /^mbx\d+$/.test(name)) spawnSync('ip', ['netns', 'del', name]);
}

function raise(): void {
  const stations = Array.from({ length: size }, (_, station) => station);
  const batch = (lines: readonly string[]): void => void run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
  batch([`netns add ${air}`, ...stations.map((station) => `netns add ${space(station)}`)]);
  batch(stations.map((station) => `link add v${station} netns ${air} type veth peer name uplink netns ${space(station)}`));
  run('ip', ['netns', 'exec', air, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
  for (const station of stations) {
    const mac = `02:00:00:00:00:${station.toString(16).padStart(2, '0')}`;
    // Addresses count at once: the wait for duplicates is the same for both and says nothing about routing.
    const quiet = ['all', 'default', 'uplink'].map((name) => `net.ipv6.conf.${name}.accept_dad=0`);
    run('ip', ['netns', 'exec', space(station), 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1', ...quiet]);
    run(
      'ip',
      ['-n', space(station), '-batch', '-'],
      `link set lo up\nlink set uplink address ${mac}\nlink set uplink up\naddr add ${address(station)}/128 dev uplink\n`,
    );
  }
  run('ip', ['-n', air, '-batch', '-'], stations.map((station) => `link set v${station} up\n`).join(''));
  run('tc', ['-n', air, '-batch', '-'], stations.map((station) => `qdisc add dev v${station} clsact\n`).join(''));
}

/** Who hears whom from now on; `stations`: those whose neighbours changed. */
function wire(links: readonly { from: number; to: number }[], stations: Iterable<number>, isNew: boolean): void {
  const lines: string[] = [];
  for (const station of stations) {
    const copies = links.filter(({ from }) => from === station).map(({ to }) => ` action mirred egress mirror dev v${to}`);
    if (!isNew) lines.push(`filter del dev v${station} ingress`);
    lines.push(`filter add dev v${station} ingress pref 1 protocol all u32 match u32 0 0${copies.join('')}`);
  }
  run('tc', ['-n', air, '-batch', '-'], `${lines.join('\n')}\n`);
}

/** Octets and packets that the stations sent, as the kernel counts them: Ethernet headers included. */
function counters(): { octets: number; packets: number } {
  const links = JSON.parse(run('ip', ['-n', air, '-s', '-j', 'link'])) as {
    ifname: string;
    stats64: { rx: { bytes: number; packets: number } };
  }[];
  const ours = links.filter(({ ifname }) => ifname.startsWith('v'));
  return {
    octets: ours.reduce((sum, { stats64 }) => sum + stats64.rx.bytes, 0),
    packets: ours.reduce((sum, { stats64 }) => sum + stats64.rx.packets, 0),
  };
}

/** The process in each namespace. */
class Processes {
  readonly #children: ChildProcess[];
  readonly #answers = new Map<number, (ok: boolean) => void>();
  readonly #routes = new Map<number, (hops: readonly number[]) => void>();
  #token = 0;

  private constructor(children: ChildProcess[]) {
    this.#children = children;
    for (const [station, child] of children.entries()) {
      child.on('message', (reply: Reply) => {
        if (reply.type === 'answer') this.#answers.get(reply.token)?.(reply.ok);
        else if (reply.type === 'routes') this.#routes.get(station)?.(reply.hops);
      });
    }
  }

  static async start(): Promise<Processes> {
    const file = join(folder, 'node.mjs');
    await build({
      entryPoints: ['test/bench/mesh/real-node.ts'],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
    });
    const children = Array.from({ length: size }, (_, station) =>
      spawn('ip', ['netns', 'exec', space(station), process.execPath, file, String(station), String(size), String(seed)], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
    await Promise.all(
      children.map(
        (child, station) =>
          new Promise<void>((resolve, reject) => {
            child.once('message', () => resolve());
            child.once('exit', (code) => reject(new Error(`the process of station ${station} ended with ${code}`)));
          }),
      ),
    );
    for (const child of children) child.removeAllListeners('exit');
    return new Processes(children);
  }

  tell(station: number, command: Command): void {
    this.#children[station]!.send(command);
  }

  ask(station: number, command: (token: number) => Command): Promise<boolean> {
    const token = (this.#token += 1);
    return new Promise((resolve) => {
      this.#answers.set(token, (ok) => {
        this.#answers.delete(token);
        resolve(ok);
      });
      this.tell(station, command(token));
    });
  }

  routes(station: number): Promise<readonly number[]> {
    return new Promise((resolve) => {
      this.#routes.set(station, resolve);
      this.tell(station, { type: 'routes' });
    });
  }

  stop(): void {
    for (const child of this.#children) child.kill();
  }
}

function ours(processes: Processes): Side {
  return {
    name: 'meshbox',
    start: () => {
      for (let station = 0; station < size; station += 1) processes.tell(station, { type: 'go' });
    },
    hops: () => Promise.all(Array.from({ length: size }, (_, station) => processes.routes(station))),
    ping: (from, to) => processes.ask(from, (token) => ({ type: 'ping', token, to })),
    stop: () => undefined,
  };
}

function babeld(processes: Processes): Side {
  const file = (what: string, station: number): string => join(folder, `babeld-${what}-${station}`);
  return {
    name: 'babeld',
    start: () => {
      for (let station = 0; station < size; station += 1) {
        const files = ['-I', file('pid', station), '-S', file('state', station), '-L', file('log', station)];
        run('ip', ['netns', 'exec', space(station), 'babeld', '-D', ...files, 'uplink']);
      }
    },
    hops: () =>
      Promise.resolve(
        Array.from({ length: size }, (_, station) => {
          const hops = new Array<number>(size).fill(-1);
          for (const line of run('ip', ['-n', space(station), '-6', 'route']).split('\n')) {
            const [, to, hop] = /^fd00:6d62::([0-9a-f]+) via fe80::\S*?([0-9a-f]+) /.exec(line) ?? [];
            if (to !== undefined && hop !== undefined) hops[parseInt(to, 16) - 1] = parseInt(hop, 16) & 0xff;
          }
          return hops;
        }),
      ),
    ping: (from, to) => processes.ask(from, (token) => ({ type: 'echo', token, address: address(to) })),
    stop: () => {
      for (let station = 0; station < size; station += 1) process.kill(Number(readFileSync(file('pid', station), 'utf8')));
    },
  };
}

/** Looks at the routes until every pair has a way over links that exist. */
async function watch(side: Side, links: readonly { from: number; to: number }[]): Promise<Curve> {
  const began = performance.now();
  const exists = new Set(links.map(({ from, to }) => from * size + to));
  const curve: [number, number][] = [];
  while (performance.now() - began < patience) {
    const hops = await side.hops();
    const { reached, pairs } = followRoutes([...hops.keys()], (at, to) => {
      const hop = hops[at]![to]!;
      return hop >= 0 && exists.has(at * size + hop) ? hop : -1;
    });
    curve.push([(performance.now() - began) / 1000, reached / pairs]);
    if (reached === pairs) break;
    await sleep(250);
  }
  return curve;
}

function sleep(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

function timeOf(curve: Curve, share: number): number | null {
  return curve.find(([, reached]) => reached >= share)?.[0] ?? null;
}

/** 8 of the 84 links, without which everyone still reaches everyone; the same for both. */
function cutLinks(): Set<number> {
  const random = new RandomStream(seed, 'real');
  const all = topology.links.filter(({ from, to }) => from < to);
  for (;;) {
    const lost = new Set(
      random
        .shuffle([...all])
        .slice(0, 8)
        .flatMap(({ from, to }) => [from * size + to, to * size + from]),
    );
    const left = all.filter(({ from, to }) => !lost.has(from * size + to)).flatMap(({ from, to }) => bothWays(from, to, plainLink(1)));
    if (!distances(mutualGraph(size, left), 0).includes(-1)) return lost;
  }
}

async function measure(side: Side): Promise<Figures> {
  wire(
    topology.links,
    Array.from({ length: size }, (_, station) => station),
    true,
  );
  side.start();
  const cold = await watch(side, topology.links);
  await sleep(settling);
  const before = counters();
  const began = performance.now();
  await sleep(resting);
  const after = counters();
  const seconds = (performance.now() - began) / 1000;
  const random = new RandomStream(seed, 'pings');
  let answered = 0;
  for (let ping = 0; ping < pings; ping += 1) {
    const from = random.below(size);
    if (await side.ping(from, (from + 1 + random.below(size - 1)) % size)) answered += 1;
  }
  const lost = cutLinks();
  const left = topology.links.filter(({ from, to }) => !lost.has(from * size + to));
  wire(left, new Set([...lost].map((link) => Math.floor(link / size))), false);
  const cut = await watch(side, left);
  side.stop();
  return {
    cold_95_s: timeOf(cold, 0.95),
    cold_99_s: timeOf(cold, 0.99),
    cold_100_s: timeOf(cold, 1),
    control_bps: (after.octets - before.octets) / seconds / size,
    packets_ps: (after.packets - before.packets) / seconds / size,
    pings: answered / pings,
    cut_95_s: timeOf(cut, 0.95),
    cut_99_s: timeOf(cut, 0.99),
    cut_100_s: timeOf(cut, 1),
  };
}

async function main(): Promise<void> {
  requireTools();
  const figures: Record<string, Figures> = {};
  for (const make of [babeld, ours]) {
    clear();
    raise();
    const processes = await Processes.start();
    const side = make(processes);
    process.stderr.write(`${side.name} in ${size} namespaces\n`);
    try {
      figures[side.name] = await measure(side);
    } finally {
      processes.stop();
    }
  }
  const sides = Object.keys(figures);
  const names = Object.keys(figures[sides[0]!]!) as (keyof Figures)[];
  const cell = (value: number | null): string => (value === null ? 'not reached' : value.toFixed(2)).padStart(14);
  console.log(`${'grid 7x7'.padEnd(14)}${sides.map((name) => name.padStart(14)).join('')}`);
  for (const name of names) console.log(`${name.padEnd(14)}${sides.map((side) => cell(figures[side]![name])).join('')}`);
  if (flags.includes('--json')) console.log(JSON.stringify(figures));
}

try {
  for (const flag of flags)
    if (flag !== '--json' && flag !== '--quick') throw new Problem('real-flag', `Unknown option ${flag}.`, 'There are --json and --quick.');
  await main();
} catch (error) {
  const known = error instanceof Problem;
  process.stderr.write(known ? `error: ${error.message} ${error.remedy}\n` : `error: ${messageOf(error)}\n`);
  process.exitCode = known ? 2 : 1;
} finally {
  if (process.getuid?.() === 0) clear();
  rmSync(folder, { recursive: true, force: true });
}
