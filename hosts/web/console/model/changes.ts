/** What happened, in sentences: the list of recent changes, which a screen reader also speaks. */
import type { FileInfo, Island, IslandNode, Message, RadioStatus } from '../../../box/api/types.js';
import { fileWords, messageWords, roleWords } from './words.js';

type Name = (address: string) => string;

/** Of the island between two looks; nothing at the first look. */
export function islandChanges(before: Island | undefined, after: Island, name: Name): string[] {
  if (before === undefined) return [];
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const now = new Set(after.nodes.map(({ id }) => id));
  const said = after.nodes.flatMap((node) => nodeChange(old.get(node.id), node, name) ?? []);
  const gone = before.nodes.filter(({ id }) => !now.has(id)).map((node) => `${label(node, name)} left the island`);
  return [...said, ...gone];
}

const label = ({ id, role }: IslandNode, name: Name): string => `${roleWords[role]} ${name(id)}`;

function nodeChange(before: IslandNode | undefined, after: IslandNode, name: Name): string | undefined {
  if (before === undefined) return `${label(after, name)} joined the island`;
  if (before.state === after.state) {
    const restarted = (after.seconds ?? 0) < (before.seconds ?? 0);
    return restarted ? `${label(after, name)} restarted` : undefined;
  }
  switch (after.state) {
    case 'up':
      return `${label(after, name)} is up again`;
    case 'silent':
      return `${label(after, name)} went silent`;
    case 'unreachable':
      return `${label(after, name)} became unreachable`;
  }
}

export function messageChange(before: Message | undefined, after: Message, name: Name): string | undefined {
  if (before?.state === after.state) return undefined;
  if (after.direction === 'in') return `Message from ${name(after.peer)}`;
  return `Message to ${name(after.peer)}: ${messageWords[after.state].word.toLowerCase()}`;
}

export function fileChange(before: FileInfo | undefined, after: FileInfo, name: Name): string | undefined {
  if (before?.state === after.state) return undefined;
  const where = after.direction === 'in' ? `from ${name(after.peer)}` : `to ${name(after.peer)}`;
  return `${after.name} ${where}: ${fileWords(after).word.toLowerCase()}`;
}

export function radioChange(before: RadioStatus | undefined, after: RadioStatus): string | undefined {
  if (before === undefined || before.state === after.state) return undefined;
  if (after.state === 'paired') return `Paired with the board on ${after.device}`;
  return after.state === 'searching' ? `Lost the board on ${after.device}; searching` : `Refused the board on ${after.device}`;
}
