/** Which chain and which contract a box's channels are of: `channels/network.json` in the state folder, written by the owner once. Without it nothing can be opened. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';

export interface Network {
  /** JSON-RPC, for example the box's own http://127.0.0.1:8480/rpc. */
  readonly rpc: string;
  readonly chainId: number;
  /** TokensNetwork, and its secret registry. */
  readonly contract: `0x${string}`;
  readonly registry: `0x${string}`;
  /** s between blocks. */
  readonly blockPeriod: number;
}

const fileOf = (folder: string): string => join(folder, 'network.json');

export async function readNetwork(folder: string): Promise<Network | undefined> {
  const file = fileOf(folder);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const network = JSON.parse(text) as Network;
    const { rpc, chainId, contract, registry, blockPeriod } = network;
    if (!/^https?:\/\//.test(rpc) || !isAddress(contract) || !isAddress(registry) || !(chainId > 0) || !(blockPeriod > 0))
      throw new Error('a field is wrong');
    return network;
  } catch (error) {
    throw new Problem(
      'channels-network',
      `${file} does not say which chain the channels are of: ${messageOf(error)}`,
      'Write it again with `meshbox channels connect`.',
    );
  }
}

export const storeNetwork = (folder: string, network: Network): Promise<void> =>
  writeDurably(fileOf(folder), Buffer.from(JSON.stringify(network, undefined, 2) + '\n'));

export const isAddress = (text: unknown): text is `0x${string}` => typeof text === 'string' && /^0x[0-9a-fA-F]{40}$/.test(text);
