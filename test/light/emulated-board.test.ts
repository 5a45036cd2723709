/** One balance read three ways from a box's JSON-RPC: by viem, by cast, and by the emulated board, which has a checkpoint of 32 octets and believes only proofs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createPublicClient, createWalletClient, defineChain, http, parseEther, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { DEVELOPMENT_CHAIN_ID } from '../../hosts/box/chain/params.js';
import { decodeEpochHeader, decodeOuterHeader } from '../../firmware/core/wire/index.js';
import { buildXsRv32, bundleForXs } from '../../hosts/xs/build.mjs';
import { qemu, qemuArguments } from '../../hosts/xs/rv32-image.mjs';
import { remove, startRig } from '../chain/rig.js';

const root = join(import.meta.dirname, '../..');
const cast = join(root, 'node_modules/@foundry-rs/cast-linux-amd64/bin/cast');
const run = promisify(execFile);
/** First of the accounts that every tool knows. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const OTHER = '0x4444444444444444444444444444444444444444';

/** What the board is handed and prints. */
interface Handed {
  readonly genesis: string;
  readonly checkpoint: string;
  readonly header: string;
  readonly address: string;
  readonly nodes: readonly string[];
}

async function readOnBoard(handed: Handed, name: string): Promise<string> {
  const bundle = join(root, `.build/xs/${name}.js`);
  const source = `
    import { LightClient } from './firmware/core/light/index.ts';
    import { createNativeKernels } from './assembly/native/kernels.ts';
    const octets = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
    const handed = ${JSON.stringify(handed)};
    export function run(host) {
      const kernels = createNativeKernels(host.kernels);
      const client = new LightClient({ kernels, genesis: octets(handed.genesis), checkpoint: octets(handed.checkpoint) });
      client.handle(0, { type: 'epoch-header', bytes: octets(handed.header) });
      for (let effect = client.poll(); effect !== undefined; effect = client.poll()) if (effect.type === 'refused') { host.log('refused ' + effect.reason); return 0; }
      client.handle(0, { type: 'ask', address: octets(handed.address) });
      for (const node of handed.nodes) client.handle(0, { type: 'proof-node', bytes: octets(node) });
      const answer = client.poll();
      host.log(answer.type === 'answer' ? 'balance ' + [...answer.account.balance].map((octet) => octet.toString(16).padStart(2, '0')).join('') : 'refused ' + answer.reason);
      return 0;
    }`;
  await bundleForXs({ source, output: bundle });
  const { elf } = await buildXsRv32({ bundle, name });
  const { stdout } = await run(qemu, [...qemuArguments(elf, '256M', 'stdio,id=radio,signal=off'), '-serial', 'none'], { timeout: 60_000 });
  return /^(balance|refused) .*$/m.exec(stdout)?.[0] ?? stdout;
}

test('viem, cast and a board read the same balance, the board with a proof', { timeout: 300_000 }, async (t) => {
  const rig = await startRig();
  t.after(async () => {
    await rig.stop();
    remove(rig.state);
  });
  const transport = http(`${rig.url}/rpc`);
  const chain = defineChain({
    id: DEVELOPMENT_CHAIN_ID,
    name: 'development',
    nativeCurrency: { name: 'SMT', symbol: 'SMT', decimals: 18 },
    rpcUrls: { default: { http: [`${rig.url}/rpc`] } },
  });
  const client = createPublicClient({ chain, transport });
  const wallet = createWalletClient({ account: privateKeyToAccount(KEY), chain, transport });
  const hash = await wallet.sendTransaction({ to: OTHER, value: parseEther('12.345') });
  const { blockNumber } = await client.waitForTransactionReceipt({ hash });

  let message: Hex | null = null;
  let number = -1;
  let octets = new Uint8Array(0);
  for (let tries = 0; number < Number(blockNumber); tries += 1) {
    assert.ok(tries < 120, `final is ${number} and not yet ${blockNumber}`);
    message = await rig.rpc<Hex | null>('meshbox_epochHeader');
    octets = new Uint8Array(Buffer.from(message?.slice(2) ?? '', 'hex'));
    const decoded = decodeEpochHeader(octets, 0, octets.length);
    const header = typeof decoded === 'number' ? -1 : decodeOuterHeader(decoded.header, 0, 334);
    if (typeof header !== 'number') number = header.number;
    if (number < Number(blockNumber)) await sleep(500);
  }
  const decoded = decodeEpochHeader(octets, 0, octets.length);
  assert.ok(typeof decoded !== 'number');
  const checkpoint = new Uint8Array(32);
  createKernels().keccak256(checkpoint, decoded.header.subarray(0, 269));
  const genesis = (await rig.rpc<{ hash: Hex }>('meshbox_header', '0x0')).hash.slice(2);
  const { accountProof } = await client.getProof({ address: OTHER, storageKeys: [], blockNumber: BigInt(number) });
  const handed: Handed = {
    genesis,
    checkpoint: Buffer.from(checkpoint).toString('hex'),
    header: Buffer.from(octets).toString('hex'),
    address: OTHER.slice(2),
    nodes: accountProof.map((node) => node.slice(2)),
  };

  const balance = await client.getBalance({ address: OTHER, blockNumber: BigInt(number) });
  assert.equal(balance, parseEther('12.345'));
  assert.equal(await readOnBoard(handed, 'light-board'), `balance ${balance.toString(16).padStart(64, '0')}`);
  if (existsSync(cast)) {
    const { stdout } = await run(cast, ['balance', OTHER, '--block', String(number), '--rpc-url', `${rig.url}/rpc`], { timeout: 30_000 });
    assert.equal(BigInt(stdout.trim()), balance);
  } else t.diagnostic('@foundry-rs/cast-linux-amd64 is not installed: its reading left out');

  const last = handed.nodes.at(-1)!;
  const richer = `${last.slice(0, -20)}${last.at(-20) === 'f' ? '0' : 'f'}${last.slice(-19)}`;
  const forged = { ...handed, nodes: [...handed.nodes.slice(0, -1), richer] };
  assert.equal(await readOnBoard(forged, 'light-board'), 'refused forged', 'a balance that the box made up');
});
