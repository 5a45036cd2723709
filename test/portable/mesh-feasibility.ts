/**
 * Loop freedom at every instant (RFC 8966 section 2.4): route tables alone on hundreds of small random topologies, announcements that are delayed and
 * lost, links that change their cost, vanish and come back. After every event the selected next hops are followed: they must never circle.
 * The same run without feasibility distances does circle, so the check can fail.
 */
import { Prng } from '../../firmware/core/base/index.js';
import { createRouteTable } from '../../firmware/core/crypto/index.js';
import { emptyEntry, isNewer } from '../../firmware/core/mesh/index.js';
import type { RouteTable } from '../../firmware/core/ports/index.js';
import { check, suite } from './harness.js';
import { seedOf } from './medium.js';

const DESTINATION = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const UNREACHABLE = 0xffff;

interface Announcement {
  readonly from: number;
  readonly to: number;
  readonly seqno: number;
  readonly metric: number;
}

/** strict: every update is taken; patient: as Routing does; forgetful: no feasibility distance is kept. */
type Manner = 'strict' | 'patient' | 'forgetful';

/** Node 0 is the destination; a table's neighbour slots are node numbers. */
class Network {
  readonly #prng: Prng;
  readonly #tables: RouteTable[] = [];
  readonly #costs: number[][] = [];
  /** In flight, one queue for each directed link: a link does not reorder. */
  readonly #flights: Announcement[][] = [];
  readonly #entry = emptyEntry();
  readonly #manner: Manner;
  #seqno = 0;
  #second = 0;

  constructor(seed: number, manner: Manner) {
    this.#prng = new Prng(seedOf(seed));
    this.#manner = manner;
    const nodes = this.#prng.between(4, 8);
    for (let node = 0; node < nodes; node += 1) {
      this.#tables.push(createRouteTable({ capacity: 2, hold: 1000 }));
      this.#costs.push(new Array<number>(nodes).fill(UNREACHABLE));
    }
    for (let node = 1; node < nodes; node += 1) this.#setCost(node, this.#prng.below(node), this.#prng.between(1, 40));
    for (let extra = this.#prng.below(2 * nodes); extra > 0; extra -= 1)
      this.#setCost(this.#prng.below(nodes), this.#prng.below(nodes), this.#prng.between(1, 40));
  }

  /** One random event; answers a node from which the next hops circle, or -1. */
  step(): number {
    const nodes = this.#tables.length;
    const dice = this.#prng.below(100);
    if (dice < 55) this.#deliver();
    else if (dice < 85) this.#announce(this.#prng.below(nodes));
    else if (dice < 90) this.#seqno = (this.#seqno + 1) & 0xffff;
    else if (dice < 95) this.#setCost(this.#prng.below(nodes), this.#prng.below(nodes), this.#prng.between(1, 200));
    else this.#setCost(this.#prng.below(nodes), this.#prng.below(nodes), UNREACHABLE);
    this.#second = (this.#second + 1) & 0xffff;
    for (let node = 1; node < nodes; node += 1) if (this.#circles(node)) return node;
    return -1;
  }

  #deliver(): void {
    const open = this.#flights.filter((queue) => queue.length > 0);
    if (open.length === 0) return;
    const { from, to, seqno, metric } = open[this.#prng.below(open.length)]!.shift()!;
    const cost = this.#costs[to]![from]!;
    if (to === 0 || cost === UNREACHABLE || this.#prng.below(4) === 0) return;
    if (this.#manner === 'patient' && this.#isOnlyDearer(to, from, seqno, metric)) return;
    this.#tables[to]!.update(DESTINATION, 0, from, seqno, metric, cost, this.#second);
  }

  /** What Routing ignores: an unfeasible update from the selected next hop. */
  #isOnlyDearer(to: number, from: number, seqno: number, metric: number): boolean {
    const table = this.#tables[to]!;
    if (metric === UNREACHABLE || !table.read(table.find(DESTINATION, 0), this.#entry) || this.#entry.neighbour !== from) return false;
    const { feasibleSeqno, feasibleMetric } = this.#entry;
    return !(feasibleMetric === UNREACHABLE || isNewer(seqno, feasibleSeqno) || (seqno === feasibleSeqno && metric < feasibleMetric));
  }

  #announce(node: number): void {
    const table = this.#tables[node]!;
    let seqno = this.#seqno;
    let metric = 0;
    if (node !== 0) {
      const slot = table.find(DESTINATION, 0);
      if (!table.read(slot, this.#entry)) return;
      ({ seqno, metric } = this.#entry);
      if (this.#manner !== 'forgetful') table.announced(slot);
    }
    for (let to = 0; to < this.#tables.length; to += 1) {
      if (this.#costs[node]![to] === UNREACHABLE) continue;
      const link = node * this.#tables.length + to;
      this.#flights[link] = this.#flights[link] ?? [];
      if (this.#flights[link].length < 4) this.#flights[link].push({ from: node, to, seqno, metric });
    }
  }

  /** Both ends learn of it at once: that is the link layer's part. */
  #setCost(a: number, b: number, cost: number): void {
    if (a === b) return;
    this.#costs[a]![b] = cost;
    this.#costs[b]![a] = cost;
    this.#tables[a]!.neighbourCost(b, cost, () => undefined);
    this.#tables[b]!.neighbourCost(a, cost, () => undefined);
  }

  #circles(from: number): boolean {
    let at = from;
    for (let hops = 0; hops <= this.#tables.length; hops += 1) {
      if (at === 0) return false;
      at = this.#tables[at]!.lookup(DESTINATION, 0, -1);
      if (at < 0) return false;
    }
    return true;
  }
}

function run(topologies: number, events: number, manner: Manner): string | undefined {
  for (let seed = 1; seed <= topologies; seed += 1) {
    const network = new Network(seed, manner);
    for (let event = 0; event < events; event += 1) {
      const node = network.step();
      if (node >= 0) return `seed ${seed}: after event ${event} the next hops from node ${node} circle`;
    }
  }
  return undefined;
}

suite('feasibility', (t) => {
  t.test('300 topologies of 4 to 8 nodes, 150 events each: the next hops never circle', () => {
    const loop = run(300, 150, 'strict');
    check(loop === undefined, loop ?? '');
  });

  t.test('nor when unfeasible updates of the selected next hop are ignored', () => {
    const loop = run(300, 150, 'patient');
    check(loop === undefined, loop ?? '');
  });

  t.test('without feasibility distances they do', () => check(run(300, 150, 'forgetful') !== undefined, 'the check cannot fail'));
});
