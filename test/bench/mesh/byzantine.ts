/**
 * A twentieth of the nodes are hostile. They run our own node over kernels that lie, so they hold keys and sessions like anyone:
 *
 *   black hole   acknowledges every packet and passes none on
 *   liar         announces every destination at the price of a neighbour, and is a black hole
 *   forger       announces every destination as if it were it, with a newer sequence number than its own, and is a black hole
 *   replayer     nobody's neighbour: sends again, from the same addresses, what it heard a minute ago
 *
 * Every honest pair that has an honest path talks twice: the first time its neighbours learn whom not to trust.
 */
import { millis, NEVER, sameOctets, type Millis } from '../../../firmware/core/base/index.js';
import { createNode, type Node, type NodeOptions } from '../../../firmware/core/node/index.js';
import type { Kernels, RouteTable } from '../../../firmware/core/ports/index.js';
import { distances } from '../../../hosts/sim/graph.js';
import { makeTopology } from '../../../hosts/sim/make-topology.js';
import { identityOf } from '../../../hosts/sim/mesh.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';
import type { RadioInput, Station, Transmit, Turn } from '../../../hosts/sim/station.js';
import { mutualGraph } from '../../../hosts/sim/topology.js';
import type { World } from '../../../hosts/sim/world.js';
import { meshbox } from './meshbox.js';
import { overriding } from './overriding.js';
import type { Outcome } from './scenarios.js';
import { Trial } from './trial.js';

const side = 7;
const share = 0.05;
const manners = ['black hole', 'liar', 'forger'] as const;
type Manner = (typeof manners)[number];
const messages = 400;
const seconds = 60;
/** Before what was heard is sent again. */
const kept = 60_000;

export async function byzantine(seed: number): Promise<Outcome> {
  const topology = makeTopology(`grid4:${side}x${side}`, { seed });
  const random = new RandomStream(seed, 'hostile');
  const stations = random.shuffle(Array.from({ length: topology.nodes }, (_, index) => index));
  const hostile = new Map(stations.slice(0, Math.ceil(topology.nodes * share)).map((station, index) => [station, manners[index % 3]!]));
  const node = (index: number, options: NodeOptions): Node => {
    const manner = hostile.get(index);
    return createNode(manner === undefined ? options : { ...options, kernels: lying(options.kernels, manner) });
  };
  const trial = new Trial(meshbox({ node, hostile: new Set(hostile.keys()) }), topology, seed);
  const replayed = addReplayer(trial.world, seed, random.below(topology.nodes));
  await trial.pass(120);
  const honest = topology.links.filter(({ from, to }) => !hostile.has(from) && !hostile.has(to));
  const graph = mutualGraph(topology.nodes, honest);
  const pairs = trial.pairs(messages, ({ from, to }) => !hostile.has(from) && !hostile.has(to) && distances(graph, from)[to]! > 0);
  const learning = await trial.converse(pairs, seconds);
  const { answered, asked } = await trial.converse(pairs, seconds);
  await trial.network.stop();
  const first = learning.answered / learning.asked;
  return {
    figures: { delivery: answered / asked, while_learning: first, hostile: hostile.size, replayed: replayed(), loops: trial.loops },
    curves: {},
  };
}

function lying(kernels: Kernels, manner: Manner): Kernels {
  return overriding(kernels, {
    duplicateFilter: () => ({ seen: () => true }),
    ...(manner !== 'black hole' && { routeTable: (options) => lyingTable(kernels.routeTable(options), manner) }),
  });
}

function lyingTable(table: RouteTable, manner: Manner): RouteTable {
  return overriding(table, {
    read: (slot, entry) => {
      const held = table.read(slot, entry);
      if (!held || entry.neighbour < 0) return held;
      entry.metric = manner === 'liar' ? 1 : 0;
      if (manner === 'forger') entry.seqno = (entry.seqno + 1) & 0xffff;
      return held;
    },
  });
}

/** Stations with their victims' addresses, where one of them stands: its neighbours' frames come again, from their own addresses. */
function addReplayer(world: World, seed: number, place: number): () => number {
  const replayers: Replayer[] = [];
  for (const [victim, link] of world.links(place)) {
    const { mac } = identityOf(seed, 'board', victim);
    const replayer = new Replayer(mac);
    replayers.push(replayer);
    const station = world.add({ name: `replayer of ${world.name(victim)}`, mac, boot: () => replayer });
    world.setLink(victim, station, link);
    world.setLink(station, place, link);
    world.start(station);
  }
  return () => replayers.reduce((sum, { count }) => sum + count, 0);
}

class Replayer implements Station {
  /** Frames sent again. */
  count = 0;
  readonly #mac: Uint8Array;
  readonly #kept: { readonly at: Millis; readonly to: Uint8Array; readonly bytes: Uint8Array }[] = [];
  #busy = false;

  constructor(mac: Uint8Array) {
    this.#mac = mac;
  }

  feed(now: Millis, input: RadioInput): Turn {
    if (input.type === 'sent') this.#busy = false;
    else if (input.type === 'frame' && sameOctets(input.from, 0, this.#mac, 0, 6))
      this.#kept.push({ at: millis(now + kept), to: input.to, bytes: input.bytes });
    const transmits: Transmit[] = [];
    if (!this.#busy && this.#kept[0] !== undefined && this.#kept[0].at <= now) {
      const { to, bytes } = this.#kept.shift()!;
      transmits.push({ type: 'transmit', link: 'air', to, bytes });
      this.#busy = true;
      this.count += 1;
    }
    return { transmits, deadline: this.#busy ? NEVER : (this.#kept[0]?.at ?? NEVER) };
  }
}
