/** The JSON-RPC against the tools that people use: viem over HTTP and WebSocket, and cast. Contracts are compiled by solc. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  parseAbi,
  parseEther,
  webSocket,
  type Hex,
  type PublicClient,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { DEVELOPMENT_CHAIN_ID } from '../../hosts/box/chain/params.js';
import type { BlockSummary, ChainStatus, VerifyReport, WeightInfo } from '../../hosts/box/chain/types.js';
import { remove, startRig, type Rig } from './rig.js';

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const account = privateKeyToAccount(KEY);
const OTHER = '0x4444444444444444444444444444444444444444';
const cast = join('node_modules', '.bin', 'cast');

const SOURCE = `
pragma solidity ^0.8.0;
contract Counter {
  event Counted(address indexed by, uint256 value);
  error TooMuch(uint256 value);
  uint256 public value;
  mapping(address => uint256) public counts;
  function add(uint256 n) external { if (n > 100) revert TooMuch(n); value += n; counts[msg.sender] += n; emit Counted(msg.sender, value); }
  function old() external view returns (bytes32) { return blockhash(block.number - 1); }
}`;
const abi = parseAbi([
  'event Counted(address indexed by, uint256 value)',
  'error TooMuch(uint256 value)',
  'function value() view returns (uint256)',
  'function counts(address) view returns (uint256)',
  'function add(uint256 n)',
  'function old() view returns (bytes32)',
]);

function compile(): Hex {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const input = {
    language: 'Solidity',
    sources: { 'c.sol': { content: SOURCE } },
    settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as {
    contracts: { 'c.sol': { Counter: { evm: { bytecode: { object: string } } } } };
  };
  return `0x${output.contracts['c.sol'].Counter.evm.bytecode.object}`;
}

let rig: Rig;
let client: PublicClient;
let wallet: ReturnType<typeof walletOf>;
const chainAt = (url: string) =>
  defineChain({
    id: DEVELOPMENT_CHAIN_ID,
    name: 'development',
    nativeCurrency: { name: 'SMT', symbol: 'SMT', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
const walletOf = (url: string) => createWalletClient({ account, chain: chainAt(url), transport: http(url) });

before(async () => {
  rig = await startRig();
  client = createPublicClient({
    chain: chainAt(`${rig.url}/rpc`),
    transport: http(`${rig.url}/rpc`),
    pollingInterval: 200,
  }) as PublicClient;
  wallet = walletOf(`${rig.url}/rpc`);
});
after(async () => {
  await rig.stop();
  remove(rig.state);
});

test('viem pays, and reads balance, nonce, receipt, block and fees', async () => {
  assert.equal(await client.getChainId(), DEVELOPMENT_CHAIN_ID);
  const hash = await wallet.sendTransaction({ to: OTHER, value: parseEther('1') });
  assert.equal(await client.getTransactionCount({ address: account.address, blockTag: 'pending' }), 1);
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, 'success');
  assert.equal(await client.getBalance({ address: OTHER }), parseEther('1'));
  const block = await client.getBlock({ blockHash: receipt.blockHash, includeTransactions: true });
  assert.equal(block.transactions[0]!.hash, hash);
  assert.equal(block.transactions[0]!.from, account.address.toLowerCase());
  assert.equal((await client.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })).baseFeePerGas.length, 3);
});

let counter: Hex;
test('viem deploys a contract, calls it, reads its logs, filters and reverts', async () => {
  const hash = await wallet.deployContract({ abi, bytecode: compile() });
  counter = (await client.waitForTransactionReceipt({ hash })).contractAddress!;
  const filter = await client.createContractEventFilter({ abi, address: counter, eventName: 'Counted' });
  const add = await wallet.writeContract({ abi, address: counter, functionName: 'add', args: [41n] });
  const receipt = await client.waitForTransactionReceipt({ hash: add });
  assert.equal(receipt.logs.length, 1);
  assert.equal(await client.readContract({ abi, address: counter, functionName: 'value' }), 41n);
  assert.deepEqual(
    (await client.getFilterChanges({ filter })).map((log) => (log as unknown as { args: { value: bigint } }).args.value),
    [41n],
  );
  const logs = await client.getContractEvents({
    abi,
    address: counter,
    eventName: 'Counted',
    args: { by: account.address },
    fromBlock: 0n,
  });
  assert.equal(logs.length, 1);
  assert.equal(
    (await client.getContractEvents({ abi, address: counter, eventName: 'Counted', args: { by: OTHER }, fromBlock: 0n })).length,
    0,
  );
  await assert.rejects(
    client.simulateContract({ abi, address: counter, functionName: 'add', args: [101n], account }),
    /TooMuch\(uint256 value\)[^]*\(101\)/,
  );
  const head = await client.getBlock();
  assert.equal(
    await client.readContract({ abi, address: counter, functionName: 'old', blockNumber: head.number }),
    (await client.getBlock({ blockNumber: head.number - 1n })).hash,
  );
});

test('an estimate is enough, and little more', async () => {
  const gas = await client.estimateContractGas({ abi, address: counter, functionName: 'add', args: [1n], account });
  const receipt = await client.waitForTransactionReceipt({
    hash: await wallet.writeContract({ abi, address: counter, functionName: 'add', args: [1n], gas }),
  });
  assert.equal(receipt.status, 'success');
  assert.ok(gas <= (receipt.gasUsed * 110n) / 100n, `${gas} for ${receipt.gasUsed}`);
  assert.equal(await client.estimateGas({ account, to: OTHER, value: 1n }), 21_000n);
});

test('a proof of an account and of a storage slot holds against the block’s state root', async () => {
  const slot = `0x${'00'.repeat(32)}` as const;
  const block = await client.getBlock();
  const proof = await client.getProof({ address: counter, storageKeys: [slot], blockNumber: block.number });
  const { verifyMerkleProof } = await import('@ethereumjs/mpt');
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'));
  const { keccak256 } = await import('../../hosts/box/chain/crypto.js');
  const root = keccak256(bytes(proof.accountProof[0]!));
  assert.equal(`0x${Buffer.from(root).toString('hex')}`, block.stateRoot);
  assert.ok(await verifyMerkleProof(bytes(counter), proof.accountProof.map(bytes), { useKeyHashing: true }));
  assert.equal(proof.storageProof[0]!.value, 42n);
});

test('what cannot be taken is refused with the reason', async () => {
  await assert.rejects(wallet.sendTransaction({ to: OTHER, value: 1n, nonce: 0, gas: 21_000n }), /nonce too low|Nonce provided/i);
  await assert.rejects(rig.rpc('eth_sendRawTransaction', '0x02c0'), /cannot be read/);
  await assert.rejects(rig.rpc('eth_getBalance', '0x1234', 'latest'), /address has 2 octets/);
  await assert.rejects(rig.rpc('eth_mine'), /does not exist here/);
  await assert.rejects(rig.rpc('eth_getBalance', OTHER, '0xffffff'), /no such block/);
});

test('a replacement must pay a tenth more', async () => {
  const nonce = await client.getTransactionCount({ address: account.address });
  const send = (fee: bigint): Promise<Hex> =>
    wallet.sendTransaction({ to: OTHER, value: 1n, nonce: nonce + 1, gas: 21_000n, maxFeePerGas: fee, maxPriorityFeePerGas: fee });
  const first = await send(5_000_000_000n);
  await assert.rejects(send(5_400_000_000n), /underpriced/);
  const second = await send(5_500_000_000n);
  assert.equal(await rig.rpc('eth_getTransactionByHash', first), null);
  assert.notEqual(await rig.rpc('eth_getTransactionByHash', second), null);
  await client.waitForTransactionReceipt({ hash: await wallet.sendTransaction({ to: OTHER, value: 1n, nonce }) });
  assert.equal((await client.waitForTransactionReceipt({ hash: second })).status, 'success');
});

test('subscriptions over WebSocket: heads, logs and waiting transactions', async () => {
  const socket = createPublicClient({ chain: chainAt(`${rig.url}/rpc`), transport: webSocket(`${rig.url.replace('http', 'ws')}/rpc`) });
  const heads: bigint[] = [];
  const waiting: string[] = [];
  const logs: unknown[] = [];
  const stop = [
    socket.watchBlocks({ onBlock: ({ number }) => void heads.push(number) }),
    socket.watchPendingTransactions({ onTransactions: (hashes) => void waiting.push(...hashes) }),
    socket.watchContractEvent({ abi, address: counter, eventName: 'Counted', onLogs: (some: unknown[]) => void logs.push(...some) }),
  ];
  await socket.getBlockNumber();
  await new Promise((resume) => setTimeout(resume, 300));
  const hash = await wallet.writeContract({ abi, address: counter, functionName: 'add', args: [1n] });
  const { blockNumber } = await client.waitForTransactionReceipt({ hash });
  for (let i = 0; i < 50 && (logs.length === 0 || !heads.includes(blockNumber)); i += 1)
    await new Promise((resume) => setTimeout(resume, 100));
  stop.forEach((each) => each());
  (await socket.transport.getRpcClient()).close();
  assert.ok(heads.includes(blockNumber));
  assert.deepEqual(waiting, [hash]);
  assert.equal(logs.length, 1);
});

test('cast reads and pays', { skip: existsSync(cast) ? false : 'cast is not installed on this machine' }, async () => {
  const run = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(cast, [...args, '--rpc-url', `${rig.url}/rpc`])).stdout.trim();
  assert.equal(await run('chain-id'), String(DEVELOPMENT_CHAIN_ID));
  assert.equal(await run('balance', OTHER), String(await client.getBalance({ address: OTHER })));
  assert.equal(await run('call', counter, 'value()(uint256)'), '43');
  assert.match(await run('send', '--private-key', KEY, counter, 'add(uint256)', '7'), /status +1/);
  assert.equal(await run('call', counter, 'value()(uint256)'), '50');
});

test('the API: status, blocks, weights, verify', async () => {
  const status = await rig.get<ChainStatus>('/api/chain');
  assert.equal(status.development, true);
  assert.ok(status.final.number > 0 && status.producing && status.effective);
  const blocks = await rig.get<BlockSummary[]>('/api/chain/blocks?count=3');
  assert.equal(blocks.length, 3);
  assert.equal((await rig.get<WeightInfo[]>('/api/chain/weights'))[0]!.seats, 17);
  const report = await rig.post<VerifyReport>('/api/chain/verify');
  assert.ok(report.blocks > 0 && report.nodes > 5 && report.headers > report.blocks);
  assert.deepEqual(rig.problems, []);
});
