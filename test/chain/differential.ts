/**
 * The same random transactions through our engine and through anvil, block by block: payments, contracts made and destroyed, storage written and cleared,
 * calls inside calls, precompiles, logs, reverts and too little gas. Receipts must be the same, and in the end every balance, nonce, code and slot.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block } from '@ethereumjs/block';
import { createTx } from '@ethereumjs/tx';
import { encodeFunctionData, getContractAddress, parseAbi, type Hex } from 'viem';
import { Prng } from '../../firmware/core/base/index.js';
import { addressOf, identityOf, keccak256 } from '../../hosts/box/chain/crypto.js';
import { ChainDatabase } from '../../hosts/box/chain/execution/database.js';
import { Engine } from '../../hosts/box/chain/execution/engine.js';
import { StateStore } from '../../hosts/box/chain/execution/state-store.js';
import { developmentParams } from '../../hosts/box/chain/params.js';
import { receiptOf } from '../../hosts/box/chain/rpc/values.js';
import { addressFrom } from '../../hosts/box/chain/chain.js';

const SOURCE = `
pragma solidity ^0.8.20;
contract Child { uint256 public kept; constructor(uint256 v) payable { kept = v; } function kill(address payable to) external { selfdestruct(to); } receive() external payable {} }
contract Mixer {
  mapping(uint256 => uint256) public slots;
  address[] public children;
  event Mixed(address indexed by, uint256 indexed key, bytes data);
  error Refused(uint256 why);
  function store(uint256 k, uint256 v) external payable { slots[k % 16] = v % 5; emit Mixed(msg.sender, k, abi.encode(v)); }
  function loop(uint256 n) external { for (uint256 i = 0; i < n % 60; i++) slots[100 + i] += i; }
  function fail(uint256 why) external { slots[1] = why; revert Refused(why); }
  function make(uint256 v) external payable { children.push(address(new Child{value: msg.value}(v))); }
  function make2(uint256 v) external payable { children.push(address(new Child{value: msg.value, salt: bytes32(v)}(v))); }
  function kill(uint256 i) external { if (children.length > 0) Child(payable(children[i % children.length])).kill(payable(msg.sender)); }
  function hash(bytes calldata d) external { slots[2] = uint256(keccak256(d)) % 3; slots[3] = uint256(sha256(d)) % 3; slots[4] = uint160(ripemd160(d)) % 3; }
  function recover(bytes32 h, uint8 v, bytes32 r, bytes32 s) external { slots[5] = uint160(ecrecover(h, v, r, s)); }
  function inner(uint256 k) external { try this.fail(k) {} catch { slots[6] += 1; } (bool ok, ) = address(this).call{gas: 30000}(abi.encodeCall(this.loop, (k))); slots[7] += ok ? 1 : 2; }
  function transientAndCopy(uint256 v) external { assembly { tstore(0, v) mstore(0, tload(0)) mcopy(32, 0, 32) sstore(8, mload(32)) } }
  receive() external payable { emit Mixed(msg.sender, 0, ""); }
}`;
const abi = parseAbi([
  'function store(uint256 k, uint256 v) payable',
  'function loop(uint256 n)',
  'function fail(uint256 why)',
  'function make(uint256 v) payable',
  'function make2(uint256 v) payable',
  'function kill(uint256 i)',
  'function hash(bytes d)',
  'function recover(bytes32 h, uint8 v, bytes32 r, bytes32 s)',
  'function inner(uint256 k)',
  'function transientAndCopy(uint256 v)',
]);

const CHAIN = 31_337;
const PRICE = 10_000_000_000n;
const RICH = 10n ** 22n;
const BATCH = 40;
/** Of the mnemonic that anvil starts with. */
const SECRETS = [
  'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
];

export interface Difference {
  readonly transactions: number;
  readonly reverted: number;
  readonly accounts: number;
  /** The first that was found. */
  readonly difference: string | undefined;
}

/** fault: plants a wrong receipt in ours, to see that it is found. */
export async function differential(anvilBinary: string, count: number, seed: number, port: number, fault = false): Promise<Difference> {
  const random = new Prng(keccak256(Uint8Array.of(seed)).subarray(0, 16));
  const below = (n: number): number => random.below(n);
  const child = spawn(
    anvilBinary,
    [
      '--port',
      String(port),
      '--hardfork',
      'cancun',
      '--no-mining',
      '--order',
      'fifo',
      '--gas-limit',
      '30000000',
      '--silent',
      '--base-fee',
      '0',
    ],
    { stdio: 'ignore' },
  );
  const folder = mkdtempSync(join(tmpdir(), 'differential-'));
  try {
    const rpc = async <T>(method: string, ...params: unknown[]): Promise<T> => {
      const response = await fetch(`http://127.0.0.1:${port}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      const { result, error } = (await response.json()) as { result: T; error?: { message: string } };
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    };
    for (let i = 0; ; i += 1) {
      if (await rpc('eth_chainId').catch(() => undefined)) break;
      if (i > 100) throw new Error('anvil does not answer');
      await new Promise((resume) => setTimeout(resume, 100));
    }
    const senders = SECRETS.map((secret) => {
      const bytes = new Uint8Array(Buffer.from(secret, 'hex'));
      return { secret: bytes, address: `0x${Buffer.from(addressOf(identityOf(bytes).key)).toString('hex')}` as Hex, nonce: 0 };
    });
    const params = {
      ...developmentParams(
        { key: Buffer.from(identityOf(senders[0]!.secret).key).toString('hex'), weight: 1, payee: `0x${'22'.repeat(20)}` },
        1_800_000_000,
      ),
      chainId: CHAIN,
      reward: { amount: 0, halving: 1 },
      alloc: Object.fromEntries(senders.map(({ address }) => [address, { balance: String(RICH) }])),
    };
    const database = await ChainDatabase.open(join(folder, 'ours'));
    const store = new StateStore(database);
    const engine = new Engine(params, store);
    const { block, nodes } = await engine.genesis();
    await database.write(store.writes(nodes));
    let head: Block = block;
    const touched = new Set<string>(senders.map(({ address }) => address));
    const mixer = getContractAddress({ from: senders[0]!.address, nonce: 0n }).toLowerCase() as Hex;
    touched.add(mixer);

    const make = (index: number): { readonly octets: string; readonly hash: string } => {
      const sender = senders[index === 0 ? 0 : below(senders.length)]!;
      const word = (): bigint => BigInt(`0x${Buffer.from(keccak256(Uint8Array.of(below(256), below(256)))).toString('hex')}`);
      const value = below(3) === 0 ? BigInt(below(1_000_000)) : 0n;
      let [to, data, gasLimit]: [Hex | undefined, Hex, number] = [mixer, '0x', 300_000];
      if (index === 0) [to, data, gasLimit] = [undefined, compile(), 3_000_000];
      else
        switch (below(14)) {
          case 0:
            to = `0x${Buffer.from(keccak256(Uint8Array.of(below(40))))
              .toString('hex')
              .slice(0, 40)}`;
            gasLimit = 21_000 + below(2_000);
            break;
          case 1:
            data = encodeFunctionData({ abi, functionName: 'loop', args: [BigInt(below(100))] });
            gasLimit = 60_000 + below(500_000);
            break;
          case 2:
            data = encodeFunctionData({ abi, functionName: 'fail', args: [word()] });
            break;
          case 3:
          case 4:
            data = encodeFunctionData({ abi, functionName: below(2) === 0 ? 'make' : 'make2', args: [BigInt(below(30))] });
            gasLimit = 400_000;
            break;
          case 5:
            data = encodeFunctionData({ abi, functionName: 'kill', args: [BigInt(below(50))] });
            break;
          case 6:
            data = encodeFunctionData({
              abi,
              functionName: 'hash',
              args: [`0x${Buffer.from(new Uint8Array(below(300)).fill(below(256))).toString('hex')}`],
            });
            break;
          case 7: {
            const digest = keccak256(Uint8Array.of(below(256)));
            const signature = createSignature(sender.secret, digest);
            data = encodeFunctionData({
              abi,
              functionName: 'recover',
              args: [`0x${Buffer.from(digest).toString('hex')}`, 27 + below(3), signature.r, signature.s],
            });
            break;
          }
          case 8:
            data = encodeFunctionData({ abi, functionName: 'inner', args: [word()] });
            break;
          case 9:
            data = encodeFunctionData({ abi, functionName: 'transientAndCopy', args: [BigInt(below(4))] });
            break;
          case 10:
            data = `0x${Buffer.from(keccak256(Uint8Array.of(below(256))).subarray(0, below(32))).toString('hex')}`;
            break;
          default:
            data = encodeFunctionData({ abi, functionName: 'store', args: [word(), BigInt(below(10))] });
        }
      if (to) touched.add(to);
      const signed = createTx(
        { type: 0, nonce: sender.nonce++, gasPrice: PRICE, gasLimit, value, data, ...(to && { to }) },
        { common: engine.common },
      ).sign(sender.secret);
      return { octets: `0x${Buffer.from(signed.serialize()).toString('hex')}`, hash: `0x${Buffer.from(signed.hash()).toString('hex')}` };
    };

    let reverted = 0;
    for (let done = 0; done < count; done += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => make(done + i));
      for (const { octets } of batch) await rpc('eth_sendRawTransaction', octets);
      await rpc('evm_mine');
      const mined = await rpc<{ transactions: string[] }>('eth_getBlockByNumber', 'latest', false);
      if (mined.transactions.length !== batch.length)
        return { transactions: done, reverted, accounts: 0, difference: `anvil took ${mined.transactions.length} of ${batch.length}` };
      const octetsOf = new Map(batch.map(({ hash, octets }) => [hash, octets]));
      const { createTxFromRLP } = await import('@ethereumjs/tx');
      const given = mined.transactions.map((hash) =>
        createTxFromRLP(new Uint8Array(Buffer.from(octetsOf.get(hash)!.slice(2), 'hex')), { common: engine.common, freeze: false }),
      );
      let refusal: string | undefined;
      const fixed = {
        time: Number(head.header.timestamp) + 2,
        random: new Uint8Array(32),
        beacon: new Uint8Array(32),
        payee: new Uint8Array(20).fill(0x22),
      };
      const built = await engine.build(
        head,
        fixed,
        given,
        () => undefined,
        (_, reason) => void (refusal ??= reason),
      );
      if (refusal !== undefined)
        return { transactions: done, reverted, accounts: 0, difference: `ours refuses what anvil takes: ${refusal}` };
      await database.write(store.writes(built.nodes));
      head = built.block;
      for (const [i, hash] of mined.transactions.entries()) {
        const theirs = await rpc<Record<string, unknown>>('eth_getTransactionReceipt', hash);
        const ours = receiptOf(built.block, built.receipts, i);
        if (fault && done + i === 7) ours['gasUsed'] = '0x1';
        const difference = compare(ours, theirs);
        if (difference !== undefined)
          return { transactions: done + i, reverted, accounts: 0, difference: `transaction ${done + i}: ${difference}` };
        if (ours['status'] === '0x0') reverted += 1;
        if (typeof ours['contractAddress'] === 'string') touched.add(ours['contractAddress']);
      }
    }
    const state = engine.state(head.header.stateRoot);
    for (const address of touched) {
      const account = await state.getAccount(addressFrom(address));
      const ours = [
        account?.balance ?? 0n,
        account?.nonce ?? 0n,
        `0x${Buffer.from(await state.getCode(addressFrom(address))).toString('hex')}`,
      ];
      const theirs = [
        BigInt(await rpc<string>('eth_getBalance', address, 'latest')),
        BigInt(await rpc<string>('eth_getTransactionCount', address, 'latest')),
        await rpc<string>('eth_getCode', address, 'latest'),
      ];
      if (String(ours) !== String(theirs))
        return {
          transactions: count,
          reverted,
          accounts: touched.size,
          difference: `account ${address}: ${String(ours)} against ${String(theirs)}`,
        };
    }
    for (let slot = 0; slot < 16; slot += 1) {
      const key = Buffer.alloc(32);
      key[31] = slot;
      const ours = Buffer.from(await state.getStorage(addressFrom(mixer), key))
        .toString('hex')
        .padStart(64, '0');
      const theirs = (await rpc<string>('eth_getStorageAt', mixer, `0x${slot.toString(16)}`, 'latest')).slice(2);
      if (ours !== theirs)
        return { transactions: count, reverted, accounts: touched.size, difference: `slot ${slot}: ${ours} against ${theirs}` };
    }
    await database.close();
    return { transactions: count, reverted, accounts: touched.size, difference: undefined };
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(ours: Record<string, unknown>, theirs: Record<string, unknown>): string | undefined {
  for (const name of ['status', 'gasUsed', 'cumulativeGasUsed', 'contractAddress', 'logsBloom', 'transactionIndex', 'from', 'to'])
    if (String(ours[name] ?? null) !== String(theirs[name] ?? null))
      return `${name} is ${String(ours[name])} here and ${String(theirs[name])} there`;
  const logs = (receipt: Record<string, unknown>): string =>
    JSON.stringify(
      (receipt['logs'] as { address: string; topics: string[]; data: string }[]).map(({ address, topics, data }) => [
        address,
        topics,
        data,
      ]),
    );
  return logs(ours) === logs(theirs) ? undefined : `logs are ${logs(ours)} here and ${logs(theirs)} there`;
}

let compiled: Hex | undefined;
function compile(): Hex {
  if (compiled) return compiled;
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const input = {
    language: 'Solidity',
    sources: { 'm.sol': { content: SOURCE } },
    settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as {
    contracts?: { 'm.sol': { Mixer: { evm: { bytecode: { object: string } } } } };
    errors?: { severity: string; formattedMessage: string }[];
  };
  if (!output.contracts) throw new Error(output.errors?.find(({ severity }) => severity === 'error')?.formattedMessage);
  return (compiled = `0x${output.contracts['m.sol'].Mixer.evm.bytecode.object}`);
}

function createSignature(secret: Uint8Array, digest: Uint8Array): { readonly r: Hex; readonly s: Hex } {
  const tx = createTx({ type: 0, gasLimit: 21_000, nonce: digest[0]! }).sign(secret);
  const word = (value: bigint | undefined): Hex => `0x${(value ?? 0n).toString(16).padStart(64, '0')}`;
  return { r: word(tx.r), s: word(tx.s) };
}
