/** Random trees of files from a seed: sizes around every edge of pieces, leaves and folders. */
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { LEAF, PIECE } from '../../hosts/box/store/index.js';

export interface TreeOfFiles {
  readonly path: string;
  /** Absent: an empty folder. */
  readonly bytes?: Uint8Array;
}

const EDGES = [0, 1, 2, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF];

export function randomTree(seed: number): TreeOfFiles[] {
  const random = new RandomStream('tree', seed);
  const below = (limit: number): number => random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) % limit;
  const files = new Map<string, TreeOfFiles>();
  const folders = [''];
  const count = 1 + below(12);
  for (let i = 0; i < count; i += 1) {
    const folder = folders[below(folders.length)]!;
    const path = `${folder}${names[below(names.length)]!}${i}`;
    if (below(4) === 0) {
      folders.push(`${path}/`);
      if (below(3) === 0) {
        files.set(path, { path });
        folders.pop();
      }
      continue;
    }
    const octets = below(5) === 0 ? EDGES[below(EDGES.length)]! : below(3_000);
    // The same octets now and then: what is stored once.
    files.set(path, { path, bytes: below(6) === 0 ? new Uint8Array(octets) : random.bytes(octets) });
  }
  if (files.size === 0) files.set('only', { path: 'only', bytes: random.bytes(10) });
  return [...files.values()];
}

const names = ['a', 'Beach ', 'ünï-', '中文', 'x.tar', 'name with "quotes" ', 'Z', '~'];
