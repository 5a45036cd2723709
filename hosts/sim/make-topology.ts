/**
 * Topologies by name and seed, or from a file:
 *
 *   grid4:WxH  grid8:WxH  line:N  rtree:N  island:N  FILE.json  FILE.csv
 *
 * grid4, grid8, line and rtree are those of meshnet-lab (`topology.py`): neighbours in four or eight directions, a line, a random tree.
 */
import { Problem } from '../node/index.js';
import { makeIsland } from './island.js';
import { RandomStream } from './random-stream.js';
import { bothWays, plainLink, weaken, widen, type DirectedLink, type Topology } from './topology.js';
import { readTopologyFile } from './topology-file.js';

export interface TopologyOptions {
  readonly seed: string | number;
  /** Share of frames lost on top of what each link loses by itself. */
  readonly loss: number;
  /** Stations up to this many hops apart disturb each other; 1: only those with a link. */
  readonly interference: number;
}

export const topologyDefaults: TopologyOptions = { seed: 1, loss: 0, interference: 1 };

type Body = Omit<Topology, 'name'>;
type Step = readonly [number, number];

/** The most stations in one world: what a single process runs in a reasonable time. */
const mostNodes = 2_000;

const makers: Readonly<Record<string, { form: RegExp; make(sizes: readonly number[], random: RandomStream): Body | undefined }>> = {
  grid4: { form: /^(\d+)x(\d+)$/, make: ([width, height]) => grid(width!, height!, [right, down]) },
  grid8: { form: /^(\d+)x(\d+)$/, make: ([width, height]) => grid(width!, height!, [right, down, [1, 1], [1, -1]]) },
  line: { form: /^(\d+)$/, make: ([length]) => grid(length!, 1, [right]) },
  rtree: { form: /^(\d+)$/, make: ([nodes], random) => randomTree(nodes!, random) },
  island: { form: /^(\d+)$/, make: ([nodes], random) => makeIsland(nodes!, random) },
};
const right: Step = [1, 0];
const down: Step = [0, 1];

/** A topology by its name. A Problem says what is wrong with a name, a number or a file. */
export function makeTopology(name: string, options: Partial<TopologyOptions> = {}): Topology {
  const { seed, loss, interference } = { ...topologyDefaults, ...options };
  if (!(loss >= 0 && loss < 1))
    throw new Problem('topology-loss', `A loss of ${loss} makes no sense.`, 'Give a share from 0 up to, but not including, 1.');
  const body = /\.(json|csv)$/i.test(name) ? readTopologyFile(name) : byName(name, new RandomStream(seed, 'topology', name));
  if (body.nodes > mostNodes) throw wrongSize(name, body.nodes);
  const topology = weaken({ name, ...body }, loss);
  return interference > 1 ? widen(topology, interference) : topology;
}

function byName(name: string, random: RandomStream): Body {
  const [, kind, size] = /^([a-z0-9]+):(.*)$/.exec(name) ?? [];
  const maker = makers[kind ?? ''];
  const sizes = maker?.form
    .exec(size ?? '')
    ?.slice(1)
    .map(Number);
  if (maker === undefined || sizes === undefined) {
    const forms = 'grid4:WxH, grid8:WxH, line:N, rtree:N, island:N, or a file that ends in .json or .csv';
    throw new Problem('topology-name', `There is no topology "${name}".`, `Use ${forms}.`);
  }
  const nodes = sizes.reduce((product, each) => product * each, 1);
  if (nodes < 2 || nodes > mostNodes) throw wrongSize(name, nodes);
  const body = maker.make(sizes, random);
  if (body === undefined)
    throw new Problem('topology-seed', `${name} did not come out of this seed.`, 'Choose another --seed or another number of boards.');
  return body;
}

function wrongSize(name: string, nodes: number): Problem {
  return new Problem('topology-size', `${name} has ${nodes} stations.`, `Choose a topology of 2 to ${mostNodes}.`);
}

function grid(width: number, height: number, steps: readonly Step[]): Body {
  const links: DirectedLink[] = [];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (const [dx, dy] of steps) {
        if (x + dx < width && y + dy < height && y + dy >= 0)
          links.push(...bothWays(y * width + x, (y + dy) * width + x + dx, plainLink(1)));
      }
    }
  }
  return { nodes: width * height, links };
}

/** Each station hangs on a random earlier one. */
function randomTree(nodes: number, random: RandomStream): Body {
  const links: DirectedLink[] = [];
  for (let node = 1; node < nodes; node += 1) links.push(...bothWays(random.below(node), node, plainLink(1)));
  return { nodes, links };
}
