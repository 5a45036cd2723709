/** `<to>` on the command line: a node id, the unique beginning of one, or node/leaf. */
import { Problem } from '../node/index.js';
import type { ApiClient } from './api-client.js';

/** Answers a complete address. Fails with `usage`, `no-such-node` or `ambiguous-node`. Leaves are not in the island's graph: theirs must be complete. */
export async function resolveAddress(api: ApiClient, to: string): Promise<string> {
  const [node, leaf, ...rest] = to.toLowerCase().split('/');
  if (rest.length > 0 || !/^[0-9a-f]{1,16}$/.test(node!) || (leaf !== undefined && !/^[0-9a-f]{16}$/.test(leaf)))
    throw new Problem(
      'usage',
      `"${to}" is not an address`,
      'Give a node id (16 hexadecimal digits), the beginning of one, or node/leaf with a complete leaf id; `meshbox peers` lists the nodes.',
    );
  const suffix = leaf === undefined ? '' : `/${leaf}`;
  if (node!.length === 16) return node! + suffix;
  const fitting = (await api.island()).nodes.map(({ id }) => id).filter((id) => id.startsWith(node!));
  if (fitting.length === 0)
    throw new Problem(
      'no-such-node',
      `no known node begins with "${node!}"`,
      '`meshbox peers` lists the nodes that are known; a complete id is taken as it is.',
    );
  if (fitting.length > 1)
    throw new Problem(
      'ambiguous-node',
      `"${node!}" is the beginning of ${fitting.length} nodes: ${fitting.join(', ')}`,
      'Give more digits.',
    );
  return fitting[0]! + suffix;
}
