/** Boxes over real TCP in one process: find each other, make blocks together, catch up, and let go of a peer that sends nonsense. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hex } from '../../firmware/core/base/index.js';
import { Chain } from '../../hosts/box/chain/chain.js';
import { addressOf, consensusCrypto, identityOf, keccak256 } from '../../hosts/box/chain/crypto.js';
import { startNetwork, type Network } from '../../hosts/box/chain/network/network.js';
import { networkDefaults, type ChainParams } from '../../hosts/box/chain/params.js';
import { remove } from './rig.js';
import { signed } from './token.js';
import { RICH } from './world.js';

const root = mkdtempSync(join(tmpdir(), 'chain-network-'));
const identities = [0, 1, 2].map((i) => identityOf(keccak256(Uint8Array.of(8, i))));
const params: ChainParams = {
  ...networkDefaults,
  name: 'three',
  chainId: 4_321,
  genesisTime: Math.floor(Date.now() / 1000),
  slot: 1,
  step: 1,
  weights: identities.map(({ key }) => ({ key: hex(key), weight: 100, payee: `0x${hex(addressOf(key))}` })),
  alloc: { [RICH]: { balance: `${10n ** 24n}` } },
};
const logs: string[] = [];

interface Box {
  readonly chain: Chain;
  readonly network: Network;
}

async function start(index: number, peers: readonly string[], given = params): Promise<Box> {
  const chain = await Chain.open({
    folder: join(root, `${given.chainId}-${index}`),
    params: given,
    crypto: consensusCrypto,
    identity: identities[index]!,
    now: () => Date.now(),
    at(time, call) {
      const timer = setTimeout(call, Math.max(0, time - Date.now()));
      return () => clearTimeout(timer);
    },
    log: (line) => void logs.push(line),
    report: ({ message }) => void logs.push(`PROBLEM ${message}`),
  });
  const network = await startNetwork(chain, { listen: ['/ip4/127.0.0.1/tcp/0'], peers, local: false, log: (line) => void logs.push(line) });
  return { chain, network };
}

async function stop({ chain, network }: Box): Promise<void> {
  await network.stop();
  await chain.stop();
}

async function until(what: string, holds: () => boolean, seconds = 30): Promise<void> {
  for (let i = 0; i < seconds * 5; i += 1) {
    if (holds()) return;
    await new Promise((resume) => setTimeout(resume, 200));
  }
  assert.fail(`${what} did not come in ${seconds} s:\n${logs.slice(-20).join('\n')}`);
}

const boxes: Box[] = [];
before(async () => {
  boxes.push(await start(0, []));
  const peers = boxes[0]!.network.addresses();
  boxes.push(await start(1, peers));
});
after(async () => {
  for (const box of boxes) await stop(box);
  remove(root);
});

test('two of three boxes meet over TCP and make blocks', async () => {
  await until('a common block', () => {
    const [a, b] = boxes.map(({ chain }) => chain);
    return a!.head.header.number >= 3 && a!.consensus.tree.get(b!.head.hash) !== undefined;
  });
  assert.equal(boxes[0]!.network.peers().length, 1);
});

test('a third that comes later fetches what it missed, and then blocks are final', async () => {
  boxes.push(await start(2, boxes[0]!.network.addresses()));
  const before = boxes[0]!.chain.head.header.number;
  await until('finality on all three', () => boxes.every(({ chain }) => chain.final.header.number > before));
  const number = Math.min(...boxes.map(({ chain }) => chain.final.header.number));
  assert.equal(new Set(boxes.map(({ chain }) => hex(chain.canonical(number)!))).size, 1);
});

test('a transaction given to one is in a final block of all', async () => {
  const [first, , third] = boxes as [Box, Box, Box];
  const transaction = signed(third.chain.engine.common, {
    nonce: 0,
    to: '0x4444444444444444444444444444444444444444',
    value: 5n,
    gasLimit: 21_000,
  });
  await third.chain.submit(transaction.serialize());
  await until('the transaction', () => {
    const place = first.chain.included(transaction.hash());
    return place !== undefined && first.chain.stored(place.header)!.block.header.number <= first.chain.final.header.number;
  });
  assert.equal((await first.chain.account('0x4444444444444444444444444444444444444444')).balance, 5n);
});

test('a box of another chain is no peer, and is told nothing', async () => {
  const other = await start(0, boxes[1]!.network.addresses(), { ...params, chainId: 9_999 });
  await new Promise((resume) => setTimeout(resume, 1_500));
  assert.deepEqual(other.network.peers(), []);
  await stop(other);
});

test('nothing was refused', () => {
  assert.deepEqual(
    logs.filter((line) => /refused block|PROBLEM|let go/.test(line)),
    [],
  );
});
