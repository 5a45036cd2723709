/** `meshbox chain`: status, peers, snapshot, verify. */
import type { Command } from 'commander';
import type { BlockName, ChainPeer, ChainStatus, VerifyReport } from '../../box/chain/types.js';
import type { Exit } from '../exit-codes.js';
import { table } from '../output.js';
import type { Context } from '../program.js';

type InContext = <A extends unknown[]>(command: (context: Context, ...args: A) => Promise<Exit | void>) => (...args: A) => Promise<void>;

export function registerChain(program: Command, inContext: InContext): void {
  const chain = program.command('chain').description('the chain: its newest blocks, its peers, its disk');
  chain.command('status').description('newest and final block, weights, what waits').action(inContext(status));
  chain.command('peers').description('the boxes that this one is connected to').action(inContext(peers));
  chain.command('snapshot').description('write the final state into one file, for a new box').action(inContext(snapshot));
  chain.command('verify').description('check headers, state and the last blocks on disk').action(inContext(verify));
}

async function status({ api, out }: Context): Promise<void> {
  const found = await api.request<ChainStatus>('GET', '/api/chain');
  const block = ({ number, hash, time }: BlockName): string =>
    `block ${number}, ${hash.slice(0, 18)}…, ${new Date(time * 1000).toISOString()}`;
  const part = found.producing
    ? 'makes blocks'
    : found.clockWrong === 0
      ? 'follows'
      : `makes no blocks: its clock is ${Math.abs(found.clockWrong)} s ${found.clockWrong < 0 ? 'behind' : 'ahead'}`;
  const lines = [
    `chain    ${found.name}, id ${found.chainId}${found.development ? ': for trying out, what is on it is worth nothing' : ''}`,
    `newest   ${block(found.head)}`,
    `final    ${block(found.final)}${found.effective ? '' : ' (older than 180 s: this box counts as off-grid)'}`,
    `epoch    ${found.epoch}, ${found.boxes} ${found.boxes === 1 ? 'box' : 'boxes'} with a weight; this one ${part}`,
    `waiting  ${found.waiting} transactions${found.conflicts > 0 ? `; ${found.conflicts} of lost branches cannot be included again` : ''}`,
    `peers    ${found.peers}${found.addresses.length > 0 ? `, reached at ${found.addresses.join(', ')}` : ''}`,
  ];
  out.answer(found, lines.join('\n'));
}

async function peers({ api, out }: Context): Promise<void> {
  const found = await api.request<ChainPeer[]>('GET', '/api/chain/peers');
  const rows = found.map(({ id, address, head, final }) => [id, address, head ?? '-', final ?? '-']);
  out.answer(
    found,
    rows.length === 0
      ? 'No peers. A development chain has none; `meshbox chain status` says which chain this is.'
      : table(['id', 'address', 'newest', 'final'], rows),
  );
}

async function snapshot({ api, out }: Context): Promise<void> {
  const { file, number, hash, records } = await api.request<{ file: string; number: number; hash: string; records: number }>(
    'POST',
    '/api/chain/snapshot',
  );
  out.answer(
    { file, number, hash, records },
    `${file} holds block ${number} and its state in ${records} records.\nCheckpoint ${hash}\nA new box takes it as \`chain/snapshot\` in its state folder, beside the same \`chain/genesis.json\`.`,
  );
}

async function verify({ api, out }: Context): Promise<void> {
  const report = await api.request<VerifyReport>('POST', '/api/chain/verify');
  out.answer(
    report,
    `${report.headers} headers, ${report.nodes} nodes of the final state and ${report.blocks} blocks that were run again: all as they should be.`,
  );
}
