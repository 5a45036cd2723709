/**
 * Nodes of all states, by their hash, in two generations. New nodes go into the young one. To prune, what the live roots reach is copied there
 * from the old one, which is then dropped whole: no counting of references, and a kill in between only means to start over.
 *
 *   one generation -> copying     `prune` begins: the young one is opened for writing
 *   copying -> one generation     everything reachable is in the young one: the old one is cleared
 */
import { RLP } from '@ethereumjs/rlp';
import type { BatchDBOp, DB } from '@ethereumjs/util';
import { keccak256 } from '../crypto.js';
import { keys, type ChainDatabase, type Write } from './database.js';

/** First octet of a stored node: everything below it is in the same generation, or that is not known. */
const COMPLETE = 1;
const LOOSE = 0;
/** Nodes copied between two looks at what else there is to do: about 2 ms. */
const TURN = 64;
/** Writes of one batch while copying. */
const BATCH = 1_024;
/** The state manager keeps code under `c` and its hash. */
const CODE = 0x63;
const CODE_REFERENCE = 33;
const EMPTY_CODE = keccak256(new Uint8Array(0));
const EMPTY_TRIE = keccak256(Uint8Array.of(0x80));

/** New nodes of one block, by their hexadecimal key: on disk with the block, or not at all. */
export type NewNodes = Map<string, Uint8Array>;

export class StateStore {
  readonly #database: ChainDatabase;
  /** Where new nodes go. */
  #young: number;
  /** Where else nodes are found while copying. */
  #old: number | undefined;

  constructor(database: ChainDatabase) {
    this.#database = database;
    const stored = database.get(keys.meta('generations'));
    this.#young = stored?.[0] ?? 0;
    this.#old = stored?.[1];
  }

  read(reference: Uint8Array): Uint8Array | undefined {
    return this.#stored(reference)?.subarray(1);
  }

  #stored(reference: Uint8Array): Uint8Array | undefined {
    const found = this.#database.get(keys.node(this.#young, reference));
    return found ?? (this.#old === undefined ? undefined : this.#database.get(keys.node(this.#old, reference)));
  }

  /** Writes for what a block made; they go into the block's own batch. */
  writes(nodes: NewNodes): Write[] {
    return [...nodes].map(([key, value]) => ({
      type: 'put',
      key: keys.node(this.#young, Buffer.from(key, 'hex')),
      value: mark(LOOSE, value),
    }));
  }

  /** What the @ethereumjs tries read and write: new nodes stay in `nodes`, which the caller stores or forgets. */
  face(nodes: NewNodes): DB<string, string | Uint8Array> {
    const face: DB<string, string | Uint8Array> = {
      get: async (key) => nodes.get(key) ?? this.read(Buffer.from(key, 'hex')),
      async put(key, value) {
        nodes.set(key, value as Uint8Array);
      },
      del: async () => undefined, // Another state may hold the same node.
      async batch(writes: BatchDBOp<string, string | Uint8Array>[]) {
        for (const write of writes) if (write.type === 'put') nodes.set(write.key, write.value as Uint8Array);
      },
      shallowCopy: () => face,
      open: async () => undefined,
    };
    return face;
  }

  get copying(): boolean {
    return this.#old !== undefined;
  }

  /**
   * Forgets every state that none of the roots needs. States that are written meanwhile are kept. `lock` runs a step while no block is written.
   * Answers how many nodes are left over from before.
   */
  async prune(roots: () => readonly Uint8Array[], lock: <T>(step: () => Promise<T>) => Promise<T>): Promise<number> {
    await lock(async () => {
      if (this.#old !== undefined) return;
      const young = (this.#young + 1) & 0xff;
      await this.#database.write([{ type: 'put', key: keys.meta('generations'), value: Uint8Array.of(young, this.#young) }]);
      [this.#young, this.#old] = [young, this.#young];
    });
    const old = this.#old!;
    let copied = 0;
    // Roots that came while copying are walked too, until a look under the lock finds none that is not complete.
    for (;;) {
      for (const root of roots()) copied += await this.#copy(root);
      const done = await lock(async () => {
        if (roots().some((root) => !this.#isComplete(root))) return false;
        await this.#database.write([{ type: 'put', key: keys.meta('generations'), value: Uint8Array.of(this.#young) }]);
        this.#old = undefined;
        return true;
      });
      if (done) break;
    }
    await this.#database.clear(keys.node(old, new Uint8Array(0)), old === 0xff ? Buffer.from('o') : keys.node(old + 1, new Uint8Array(0)));
    return copied;
  }

  #isComplete(reference: Uint8Array): boolean {
    return same(reference, EMPTY_TRIE) || this.#database.get(keys.node(this.#young, reference))?.[0] === COMPLETE;
  }

  /** Children before parents: a node that says `complete` has everything below it in the young generation. */
  async #copy(root: Uint8Array): Promise<number> {
    let writes: Write[] = [];
    const pending = new Set<string>();
    let copied = 0;
    let turn = 0;
    const visit = async (reference: Uint8Array, accounts: boolean): Promise<void> => {
      const name = Buffer.from(reference).toString('latin1');
      if (pending.has(name) || this.#isComplete(reference)) return;
      const stored = this.#stored(reference);
      if (!stored) throw new Error(`the state lacks node ${Buffer.from(reference).toString('hex')}`);
      const value = stored.subarray(1);
      if (reference.length !== CODE_REFERENCE) for (const [child, ofAccounts] of children(value, accounts)) await visit(child, ofAccounts);
      writes.push({ type: 'put', key: keys.node(this.#young, reference), value: mark(COMPLETE, value) });
      pending.add(name);
      copied += 1;
      if (writes.length >= BATCH) {
        await this.#database.write(writes);
        writes = [];
        pending.clear();
      }
      if ((turn += 1) % TURN === 0) await new Promise((resume) => setImmediate(resume));
    };
    await visit(root, true);
    await this.#database.write(writes);
    return copied;
  }

  /** Every node and code that a state needs, each once, parents first; `undefined` in place of one that is missing or damaged. */
  async *walk(root: Uint8Array): AsyncGenerator<{ readonly reference: Uint8Array; readonly value: Uint8Array } | undefined> {
    const seen = new Set<string>();
    const stack: [Uint8Array, boolean][] = same(root, EMPTY_TRIE) ? [] : [[root, true]];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [reference, accounts] = next;
      const name = Buffer.from(reference).toString('latin1');
      if (seen.has(name)) continue;
      seen.add(name);
      const value = this.read(reference);
      const isCode = reference.length === CODE_REFERENCE;
      if (!value || !same(keccak256(value), isCode ? reference.subarray(1) : reference)) {
        yield undefined;
        continue;
      }
      yield { reference, value };
      if (!isCode) for (const child of children(value, accounts)) stack.push(child as [Uint8Array, boolean]);
    }
  }
}

/** Hashes below a node: other nodes, and for a leaf of the accounts' trie its storage and code (Yellow Paper, appendix D and section 4.1). */
function* children(value: Uint8Array, accounts: boolean): Generator<readonly [Uint8Array, boolean]> {
  yield* childrenOf(RLP.decode(value) as Node, accounts);
}

type Node = readonly (Uint8Array | Node)[];

function* childrenOf(node: Node, accounts: boolean): Generator<readonly [Uint8Array, boolean]> {
  const isLeaf = node.length === 2 && ((node[0] as Uint8Array)[0]! & 0x20) !== 0;
  if (!isLeaf) {
    for (const child of node.length === 2 ? [node[1]!] : node.slice(0, 16)) {
      if (Array.isArray(child)) yield* childrenOf(child, accounts);
      else if ((child as Uint8Array).length === 32) yield [child as Uint8Array, accounts];
    }
    return;
  }
  if (!accounts) return;
  const [, , storage, code] = RLP.decode(node[1] as Uint8Array) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (!same(storage, EMPTY_TRIE)) yield [storage, false];
  if (!same(code, EMPTY_CODE)) yield [Buffer.concat([Uint8Array.of(CODE), code]), false];
}

function mark(octet: number, value: Uint8Array): Uint8Array {
  const marked = new Uint8Array(value.length + 1);
  marked[0] = octet;
  marked.set(value, 1);
  return marked;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
