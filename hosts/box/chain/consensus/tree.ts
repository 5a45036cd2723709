/**
 * The headers above the last final one, and the choice between their branches: the one with the newest justified block, then the one whose blocks came
 * from those who were drawn first (4 points for the proposer, 3 to 1 for its stand-ins), then the lower hash.
 */
import { hex } from '../../../../firmware/core/base/index.js';
import type { Certificate, OuterHeader } from '../../../../firmware/core/wire/index.js';
import type { Reign } from './reign.js';

export interface TreeNode {
  readonly hash: Uint8Array;
  /** The hash in hexadecimal. */
  readonly name: string;
  readonly header: OuterHeader;
  readonly parent: TreeNode | undefined;
  readonly reign: Reign;
  /** Output of its verifiable random function. */
  readonly random: Uint8Array;
  readonly score: number;
  /** Newest justified block of its branch; itself, if it is. */
  justified: TreeNode;
  /** By which it is justified. */
  certificate: Certificate | undefined;
}

/** Final blocks that stay below the root: certificates in the blocks above may still be about them. Two epochs twice. */
export const HISTORY = 136;

export type NewNode = Pick<TreeNode, 'hash' | 'header' | 'reign' | 'random'>;

export class Tree {
  /** Parents stand before their children. */
  readonly #nodes = new Map<string, TreeNode>();
  #root: TreeNode;
  #head: TreeNode;

  constructor(root: NewNode, score = 0) {
    const node = { ...root, name: hex(root.hash), parent: undefined, score, certificate: undefined } as unknown as TreeNode;
    node.justified = node;
    this.#nodes.set(node.name, node);
    this.#root = this.#head = node;
  }

  /** The last final block. */
  get root(): TreeNode {
    return this.#root;
  }

  get head(): TreeNode {
    return this.#head;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(hash: Uint8Array): TreeNode | undefined {
    return this.#nodes.get(hex(hash));
  }

  /** points: 4 for the drawn proposer's, down to 1. The parent must be here. */
  add(block: NewNode, points: number): TreeNode {
    const parent = this.get(block.header.parent)!;
    const node: TreeNode = {
      ...block,
      name: hex(block.hash),
      parent,
      score: parent.score + points,
      justified: parent.justified,
      certificate: undefined,
    };
    this.#nodes.set(node.name, node);
    if (isBetter(node, this.#head)) this.#head = node;
    return node;
  }

  justify(node: TreeNode, certificate: Certificate | undefined): void {
    node.certificate ??= certificate;
    node.justified = node;
    for (const each of this.#nodes.values())
      if (each.parent && each.justified !== each && each.parent.justified.header.number > each.justified.header.number)
        each.justified = each.parent.justified;
    this.#choose();
  }

  /** Makes the node the root and forgets what does not descend from it. */
  finalise(node: TreeNode): void {
    this.#root = node;
    const kept = new Set<TreeNode>([node]);
    for (const [name, each] of this.#nodes) {
      if (each.parent && kept.has(each.parent)) kept.add(each);
      else if (each !== node) this.#nodes.delete(name);
    }
    let last = node;
    for (let i = 0; i < HISTORY && last.parent; i += 1) last = last.parent;
    (last as { parent: TreeNode | undefined }).parent = undefined;
    node.justified = node;
    for (const each of kept) if (each.justified.header.number < node.header.number) each.justified = node;
    this.#choose();
  }

  #choose(): void {
    let best = this.#root;
    for (const node of this.#nodes.values()) if (isBetter(node, best)) best = node;
    this.#head = best;
  }

  /** The ancestor of that number, or the node itself; undefined further below the root than HISTORY. */
  ancestor(node: TreeNode, number: number): TreeNode | undefined {
    let at: TreeNode | undefined = node;
    while (at && at.header.number > number) at = at.parent;
    return at?.header.number === number ? at : undefined;
  }

  nodes(): IterableIterator<TreeNode> {
    return this.#nodes.values();
  }
}

function isBetter(a: TreeNode, b: TreeNode): boolean {
  const justified = a.justified.header.number - b.justified.header.number;
  if (justified !== 0) return justified > 0;
  if (a.score !== b.score) return a.score > b.score;
  return a.name < b.name;
}

/** The way from one node to another: what is left, newest first, and what is entered, oldest first. */
export function way(from: TreeNode, to: TreeNode): { readonly left: TreeNode[]; readonly entered: TreeNode[] } {
  const left: TreeNode[] = [];
  const entered: TreeNode[] = [];
  let [a, b]: [TreeNode | undefined, TreeNode | undefined] = [from, to];
  while (a !== b) {
    if (a && (!b || a.header.number >= b.header.number)) {
      left.push(a);
      a = a.parent;
    } else if (b) {
      entered.unshift(b);
      b = b.parent;
    }
  }
  return { left, entered };
}
