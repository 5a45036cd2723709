/**
 * Who there is, and which channels there are: keys that were met, and every channel of the contract. Kept in the state folder, so that an island that has lost
 * the chain still finds its ways.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex } from 'viem';
import type { Peer } from '../../../firmware/core/channel/index.js';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';
import { hexOf, octetsOf } from './identity.js';

export interface Edge {
  readonly token: Hex;
  readonly parties: readonly [Hex, Hex];
  readonly block: string;
}

interface Stored {
  readonly keys: readonly string[];
  readonly edges: readonly Edge[];
}

export class Directory {
  readonly #file: string;
  readonly #identify: (key: Uint8Array) => Peer | undefined;
  readonly #failed: (error: unknown) => void;
  readonly #byAddress = new Map<Hex, Peer>();
  readonly #byNode = new Map<string, Peer>();
  readonly #edges = new Map<string, Edge>();
  #writing = Promise.resolve();

  private constructor(file: string, identify: (key: Uint8Array) => Peer | undefined, failed: (error: unknown) => void) {
    this.#file = file;
    this.#identify = identify;
    this.#failed = failed;
  }

  static async open(folder: string, identify: (key: Uint8Array) => Peer | undefined, failed: (error: unknown) => void): Promise<Directory> {
    const directory = new Directory(join(folder, 'directory.json'), identify, failed);
    try {
      const { keys, edges } = JSON.parse(await readFile(directory.#file, 'utf8')) as Stored;
      for (const key of keys) directory.#add(octetsOf(key));
      for (const edge of edges) directory.#edges.set(edgeKey(edge.token, edge.parties), edge);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT')
        throw new Problem(
          'state-corrupt',
          `${directory.#file} is damaged: ${messageOf(error)}`,
          'Delete that one file: it is made again from the chain and from whom you pay.',
        );
    }
    return directory;
  }

  /** Undefined if it is no key. */
  meet(key: Uint8Array): Peer | undefined {
    const before = this.#byAddress.size;
    const peer = this.#add(key);
    if (this.#byAddress.size > before) this.#store();
    return peer;
  }

  byAddress = (address: Hex): Peer | undefined => this.#byAddress.get(address.toLowerCase() as Hex);
  byNode = (node: Uint8Array): Peer | undefined => this.#byNode.get(hexOf(node));

  opened(edge: Edge): void {
    this.#edges.set(edgeKey(edge.token, edge.parties), edge);
    this.#store();
  }

  /** Channels of a token between two addresses. */
  edges(token: Hex): Edge[] {
    return [...this.#edges.values()].filter((edge) => edge.token === token);
  }

  /** Settled: by the parties that the id was made of. */
  closed(isIt: (edge: Edge) => boolean): void {
    for (const [key, edge] of this.#edges) if (isIt(edge)) this.#edges.delete(key);
    this.#store();
  }

  tokens(): Hex[] {
    return [...new Set([...this.#edges.values()].map(({ token }) => token))];
  }

  settled(): Promise<void> {
    return this.#writing;
  }

  #add(key: Uint8Array): Peer | undefined {
    const peer = this.#identify(key);
    if (peer === undefined) return undefined;
    this.#byAddress.set(hexOf(peer.address), peer);
    this.#byNode.set(hexOf(peer.node), peer);
    return peer;
  }

  #store(): void {
    const stored: Stored = { keys: [...this.#byAddress.values()].map(({ key }) => hexOf(key)), edges: [...this.#edges.values()] };
    this.#writing = this.#writing.then(() => writeDurably(this.#file, Buffer.from(JSON.stringify(stored) + '\n'))).catch(this.#failed);
  }
}

const edgeKey = (token: Hex, parties: readonly Hex[]): string => [token, ...[...parties].sort()].join(' ');
