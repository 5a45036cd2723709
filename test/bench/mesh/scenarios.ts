/**
 * The scenarios of the bench: each is one trial with one seed and answers figures by name. `protocols.ts` says who runs which.
 * Sources: mobility as meshnet-lab's `mobility1` (50 nodes on 1 km², the 150 shortest links, everyone moves 60 m every 10 s, then pings between
 * pairs that are two hops apart or more); Freifunk topologies as `hosts/sim/topology-file.ts` reads them.
 */
import { pathBounds } from '../../../hosts/sim/bound.js';
import { distances } from '../../../hosts/sim/graph.js';
import { makeTopology } from '../../../hosts/sim/make-topology.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';
import { bothWays, mutualGraph, plainLink, type DirectedLink, type Topology } from '../../../hosts/sim/topology.js';
import type { MakeNetwork } from './network.js';
import { Trial, type Curve, type Pair } from './trial.js';

/** Undefined: it did not come to that. */
export interface Outcome {
  readonly figures: Readonly<Record<string, number | undefined>>;
  readonly curves: Readonly<Record<string, Curve>>;
}

export interface ScenarioOptions {
  readonly make: MakeNetwork;
  readonly seed: number;
}

/** The start's triggered updates and repetitions die down; then a whole refresh interval is measured. */
const settling = 60;
const resting = 180;
/** Longer than any protocol here takes for 99 %. */
const patience = 90;
/** Links cut at once: 8 of the grid's 84. */
const cutShare = 0.1;

/** Cold start, rest, and a tenth of the links cut without leaving anyone alone; nobody sends data before the last look. */
export async function grid(side: number, { make, seed }: ScenarioOptions): Promise<Outcome> {
  const topology = makeTopology(`grid4:${side}x${side}`, { seed });
  const trial = new Trial(make, topology, seed);
  const cold = await trial.converge(patience);
  const control = await rest(trial);
  const lost = cutLinks(trial);
  trial.cut(lost);
  const cut = await trial.converge(patience);
  const left = topology.nodes > 50 ? [] : trial.pairs(200);
  const conversation = left.length === 0 ? undefined : await trial.converse(left, 20);
  await trial.network.stop();
  return {
    figures: {
      control_bps: control,
      cold_95_s: timeOf(cold, 0.95),
      cold_99_s: timeOf(cold, 0.99),
      cold_100_s: timeOf(cold, 1),
      cut_share: cut[0]![1],
      cut_95_s: timeOf(cut, 0.95),
      cut_99_s: timeOf(cut, 0.99),
      cut_100_s: timeOf(cut, 1),
      ...(conversation && { delivery: conversation.answered / conversation.asked }),
      loops: trial.loops,
    },
    curves: { cold, cut },
  };
}

const mobile = { nodes: 50, links: 150, side: 1_000, steps: 30, stride: 60, every: 10, pairs: 200, pinging: 2 };

/** Everyone moves at once; after ten seconds, pings. */
export async function mobility({ make, seed }: ScenarioOptions): Promise<Outcome> {
  const { nodes, side, steps, stride, every, pinging } = mobile;
  const random = new RandomStream(seed, 'mobility');
  const places = Array.from({ length: nodes }, () => ({ x: random.unit() * side, y: random.unit() * side }));
  let links = shortest(places);
  const trial = new Trial(make, { name: 'mobility', nodes, links }, seed);
  await trial.pass(20);
  let asked = 0;
  let answered = 0;
  let octets = 0;
  const latencies: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    for (const place of places) {
      const angle = random.unit() * 2 * Math.PI;
      place.x = Math.min(side, Math.max(0, place.x + stride * Math.cos(angle)));
      place.y = Math.min(side, Math.max(0, place.y + stride * Math.sin(angle)));
    }
    const next = shortest(places);
    const kept = new Set(next.map(({ from, to }) => from * nodes + to));
    trial.cut(links.filter(({ from, to }) => !kept.has(from * nodes + to)));
    for (const { from, to, ...link } of next) trial.world.setLink(from, to, link);
    links = next;
    octets += (await trial.pass(every)).controlOctets;
    const graph = mutualGraph(nodes, links);
    const hops = graph.map((_, node) => distances(graph, node));
    const conversation = await trial.converse(
      trial.pairs(mobile.pairs, ({ from, to }) => hops[from]![to]! >= 2),
      pinging,
      pinging + 2,
    );
    asked += conversation.asked;
    answered += conversation.answered;
    latencies.push(...conversation.latencies);
  }
  await trial.network.stop();
  const figures = { delivery: answered / asked, control_bps: octets / (steps * every) / nodes, p95_ms: percentile(latencies, 0.95) };
  return { figures: { ...figures, loops: trial.loops }, curves: {} };
}

function shortest(places: readonly { x: number; y: number }[]): DirectedLink[] {
  const all: { from: number; to: number; length: number }[] = [];
  for (let from = 0; from < places.length; from += 1)
    for (let to = 0; to < from; to += 1)
      all.push({ from, to, length: Math.hypot(places[from]!.x - places[to]!.x, places[from]!.y - places[to]!.y) });
  return all
    .sort((a, b) => a.length - b.length)
    .slice(0, mobile.links)
    .flatMap(({ from, to }) => bothWays(from, to, plainLink(1)));
}

/** A topology as it is: convergence, rest, and direct messages between random pairs against the best paths' bound. */
export async function topology(whole: Topology, { make, seed }: ScenarioOptions, messages = 400, rate = 10): Promise<Outcome> {
  const trial = new Trial(make, whole, seed);
  const cold = await trial.converge(patience);
  await trial.pass(Math.max(0, patience - cold.at(-1)![0]));
  const control = (await trial.pass(resting / 3)).octets / (resting / 3) / whole.nodes;
  const pairs = trial.pairs(messages);
  const conversation = await trial.converse(pairs, messages / rate);
  const bounds = pathBounds(whole, '1M');
  const bound = pairs.reduce((sum, { from, to }) => sum + bounds[from]![to]! + bounds[to]![from]!, 0);
  const frames = conversation.tally.frames - conversation.tally.controlFrames;
  await trial.network.stop();
  return {
    figures: {
      delivery: conversation.answered / conversation.asked,
      tx_ratio: frames / bound,
      tx_message: frames / conversation.asked,
      bound_message: bound / conversation.asked,
      control_bps: control,
      cold_95_s: timeOf(cold, 0.95),
      cold_99_s: timeOf(cold, 0.99),
      p50_ms: percentile(conversation.latencies, 0.5),
      p95_ms: percentile(conversation.latencies, 0.95),
      loops: trial.loops,
    },
    curves: { cold },
  };
}

async function rest(trial: Trial): Promise<number> {
  await trial.pass(settling);
  return (await trial.pass(resting)).octets / resting / trial.topology.nodes;
}

/** A tenth of the links, without which everyone still reaches everyone. */
function cutLinks({ topology: { nodes, links }, random }: Trial): Pair[] {
  const undirected = links.filter(({ from, to }) => from < to);
  for (;;) {
    const lost = random.shuffle([...undirected]).slice(0, Math.round(undirected.length * cutShare));
    const left = undirected.filter((link) => !lost.includes(link)).flatMap(({ from, to }) => bothWays(from, to, plainLink(1)));
    if (!distances(mutualGraph(nodes, left), 0).includes(-1)) return lost;
  }
}

/** When the curve first reached the share. */
function timeOf(curve: Curve, share: number): number | undefined {
  return curve.find(([, reached]) => reached >= share)?.[0];
}

function percentile(values: readonly number[], share: number): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
}

/** Neighbours that a route table can tell apart; one number means none. */
const mostNeighbours = 254;

/**
 * A station that hears more than a table can hold becomes several at one place, joined without loss, as a mast would carry several boards: of the
 * Freifunk topologies one router in Altdorf, with 405 neighbours.
 */
export function splitHubs(whole: Topology): Topology {
  let { nodes } = whole;
  let links: readonly DirectedLink[] = whole.links;
  for (const [station, neighbours] of mutualGraph(nodes, links).entries()) {
    let hub = station;
    for (let rest = neighbours; rest.length >= mostNeighbours; rest = rest.slice(mostNeighbours - 2)) {
      const leave = new Set(rest.slice(mostNeighbours - 2));
      const [old, twin] = [hub, nodes];
      nodes += 1;
      links = links.map((link) => {
        if (link.from === old && leave.has(link.to)) return { ...link, from: twin };
        return link.to === old && leave.has(link.from) ? { ...link, to: twin } : link;
      });
      links = [...links, ...bothWays(old, twin, plainLink(1))];
      hub = twin;
    }
  }
  return { ...whole, nodes, links };
}
