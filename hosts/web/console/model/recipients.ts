/** Whom a text or file can go to: the island's boards, the leaves behind them, and whoever wrote. */
import type { FileInfo, Island, Message } from '../../../box/api/types.js';
import { boardOf } from './links.js';

export interface Recipient {
  /** Node id, or node/leaf. */
  readonly address: string;
  readonly group: 'People and sensors' | 'Boards';
  readonly reachable: boolean;
}

/** Leaves first, then boards, each by address. */
export function recipients(island: Island | undefined, correspondents: readonly Pick<Message | FileInfo, 'peer'>[]): readonly Recipient[] {
  if (island === undefined) return [];
  const boards = island.nodes.filter(({ role }) => role === 'board');
  const reachable = new Set(boards.filter(({ state }) => state !== 'unreachable').map(({ id }) => id));
  const written = correspondents.map(({ peer }) => peer).filter((peer) => peer.includes('/'));
  const leaves = [...new Set([...leafAddresses(island), ...written])].sort();
  return [
    ...leaves.map((address) => ({ address, group: 'People and sensors' as const, reachable: reachable.has(address.split('/')[0]!) })),
    ...boards
      .map(({ id }) => id)
      .sort()
      .map((address) => ({ address, group: 'Boards' as const, reachable: reachable.has(address) })),
  ];
}

function leafAddresses(island: Island): string[] {
  return island.nodes.filter(({ role }) => role === 'leaf').flatMap((leaf) => addressOf(leaf.id, island) ?? []);
}

/** What to send to for a node of the island: its id, or board/leaf; undefined for the box itself and for a leaf that no board hears. */
export function addressOf(id: string, island: Island): string | undefined {
  const role = island.nodes.find((node) => node.id === id)?.role;
  if (role === undefined || role === 'box') return undefined;
  if (role === 'board') return id;
  const board = boardOf(id, island);
  return board && `${board}/${id}`;
}
