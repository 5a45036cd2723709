/** Three boxes with real keys, ledgers and the real contract on a development chain: opened, paid over two hops, restarted, paid out, disputed, settled. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fastify } from 'fastify';
import type { Hex } from 'viem';
import { buildKernels } from '../../assembly/build.mjs';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { hex } from '../../firmware/core/base/index.js';
import { channelRoutes, type ChannelInfo, type Overview } from '../../hosts/box/channels/api.js';
import { BoxChannels } from '../../hosts/box/channels/box-channels.js';
import { hexOf } from '../../hosts/box/channels/identity.js';
import { createClock, openFileSigner } from '../../hosts/node/index.js';
import { hasAnvil, startAnvil, type Anvil } from './anvil.js';

const LIMIT = 120_000;
const TOKENS = 10n ** 20n;
/** Blocks: small, so that a dispute ends in a test. Half of it would be too short for a lock that is safe without the chain: these payments are direct. */
const SHORT = 60;

let anvil: Anvil;
let folder: string;
const boxes = new Map<string, BoxChannels>();
const byNode = new Map<string, string>();

async function openBox(name: string): Promise<BoxChannels> {
  const { kernels, curve } = loadWasmKernels();
  const signer = await openFileSigner(join(folder, `${name}.key`), { curve, hashes: kernels });
  byNode.set(hex(signer.id), name);
  const box = await BoxChannels.open({
    folder: join(folder, name),
    key: signer.key,
    signer,
    kernels,
    curve,
    clock: createClock(),
    send: (to, payload) => void setTimeout(() => boxes.get(byNode.get(hex(to))!)?.message(signer.id, payload), 2),
    log: (line) => console.log(`${name}: ${line}`),
    failed: (error) => assert.fail(String(error)),
  });
  boxes.set(name, box);
  return box;
}

const box = (name: string): BoxChannels => boxes.get(name)!;
const address = (name: string): Hex => hexOf(box(name).self.address);
const key = (name: string): Hex => hexOf(box(name).self.key);

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await condition());) {
    if (Date.now() > end) assert.fail(`${what} did not happen`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const withPartner = (name: string, partner: string): ReturnType<BoxChannels['channels']>[number] | undefined =>
  box(name)
    .channels()
    .find(({ peer }) => hexOf(peer.address) === address(partner));

async function open(a: string, b: string, amount: bigint, timeout: number): Promise<void> {
  await box(a).deposit(anvil.token, key(b), amount, timeout);
  await until(`${a} and ${b} see their channel`, () => withPartner(a, b) !== undefined && withPartner(b, a) !== undefined);
}

const skip = hasAnvil() ? false : 'the optional package @foundry-rs/anvil-linux-amd64 is not installed';

before(async () => {
  if (skip) return;
  await buildKernels();
  folder = await mkdtemp(join(tmpdir(), 'boxes-'));
  anvil = await startAnvil();
  for (const name of ['A', 'B', 'C']) {
    await openBox(name);
    await anvil.fund(address(name), TOKENS);
    await box(name).connect(anvil.rpc, anvil.contract, 1);
  }
});

after(async () => {
  if (skip) return;
  for (const each of boxes.values()) await each.stop();
  anvil.stop();
  await rm(folder, { recursive: true, force: true });
});

test('the partner finds the key of who opened a channel on the chain, and is paid', { skip, timeout: LIMIT }, async () => {
  await open('A', 'B', 1_000n, 400_000);
  await open('B', 'C', 1_000n, 400_000);
  const result = await box('A').pay({ token: anvil.token, target: address('B'), amount: 100n, data: new TextEncoder().encode('rice') });
  assert.equal(result.outcome, 'paid');
  assert.equal(box('B').ledger.payments().at(-1)!.data, Buffer.from('rice').toString('hex'));
});

test('two hops over a way that the path finder found; the box between earns its fee', { skip, timeout: LIMIT }, async () => {
  await box('B').policy.change({ account_fee: { fee_constant: '1', fee_percent: '0' } });
  await until('A knows the channel of the others', () => box('A').routes(anvil.token, address('C'), 50n).length > 0);
  const result = await box('A').pay({ token: anvil.token, target: key('C'), amount: 50n });
  assert.equal(result.outcome, 'paid', result.reason);
  assert.equal(box('C').ledger.payments().length, 0, 'unlocked with the next proof, so not yet counted');
  assert.equal(withPartner('C', 'B')!.theirs.locks[0]!.state, 'revealed');
});

test('a box that is killed comes back from its ledger with what it had', { skip, timeout: LIMIT }, async () => {
  const before = withPartner('B', 'A')!.theirs;
  await box('B').stop();
  await openBox('B');
  await until('B has its channels', () => withPartner('B', 'A') !== undefined);
  assert.deepEqual(withPartner('B', 'A')!.theirs.signature, before.signature);
  const result = await box('A').pay({ token: anvil.token, target: address('B'), amount: 7n });
  assert.equal(result.outcome, 'paid', result.reason);
});

test('the contract takes both signatures of a withdrawal and of a settlement', { skip, timeout: LIMIT }, async () => {
  await open('A', 'C', 500n, 400_000);
  await box('A').pay({ token: anvil.token, target: address('C'), amount: 200n });
  const had = await anvil.tokensOf(address('C'));
  assert.equal((await box('C').command('withdraw', withPartner('C', 'A')!, { amount: 150n })).outcome, 'pending');
  await until('C is paid out', async () => (await anvil.tokensOf(address('C'))) === had + 150n);
  await until('a new epoch', () => withPartner('A', 'C')!.phase === 'open' && withPartner('C', 'A')!.peerDeposit === 300n);
  assert.equal((await box('A').pay({ token: anvil.token, target: address('C'), amount: 30n })).outcome, 'paid');
  assert.equal((await box('A').command('settle', withPartner('A', 'C')!)).outcome, 'pending');
  await until('C has the rest', async () => (await anvil.tokensOf(address('C'))) === had + 230n);
  await until('the channel is gone', () => withPartner('A', 'C') === undefined && withPartner('C', 'A') === undefined);
});

test('closed by one side: the other hands in its newest proof, and the contract pays by it', { skip, timeout: LIMIT }, async () => {
  await open('C', 'A', 400n, SHORT);
  await box('C').pay({ token: anvil.token, target: address('A'), amount: 130n });
  const had = await anvil.tokensOf(address('A'));
  await box('C').command('close', withPartner('C', 'A')!);
  await until('A has handed in its proof', () => (withPartner('A', 'C')?.handedIn ?? 0) > 0);
  await anvil.mine(SHORT + 260);
  await until('it is settled', async () => (await anvil.tokensOf(address('A'))) === had + 130n);
});

test('the API answers its owner, and nobody else', { skip, timeout: LIMIT }, async () => {
  const app = fastify();
  let allowed = true;
  channelRoutes(app, box('A'), {
    check: () => {
      if (!allowed) throw Object.assign(new Error('no'), { statusCode: 400 });
    },
  });
  const overview = (await app.inject('/api/1/system-status')).json<{ error_code: number; data: Overview }>();
  assert.equal(overview.error_code, 0);
  assert.match(overview.data.chain, /^online/);
  const [channel] = overview.data.channels as [ChannelInfo];
  assert.equal(BigInt(channel.balance) + BigInt(channel.partner_balance), 1_000n);
  const refused = async (url: string, body: object): Promise<string> =>
    (await app.inject({ method: 'POST', url, payload: body })).json<{ error_message: string }>().error_message;
  assert.match(await refused(`/api/1/transfers/${anvil.token}/${address('B')}`, { amount: '1.5' }), /not a whole number/);
  assert.match(await refused(`/api/1/transfers/${anvil.token}/${address('B')}`, { amount: '100000' }), /no way to pay/);
  assert.match(await refused(`/api/1/transfers/${anvil.token}/0x${randomBytes(20).toString('hex')}`, { amount: '1' }), /nobody here knows/);
  const paid = await app.inject({ method: 'POST', url: `/api/1/transfers/${anvil.token}/${address('B')}`, payload: { amount: 3 } });
  assert.equal(paid.json<{ data: { outcome: string } }>().data.outcome, 'paid');
  allowed = false;
  assert.equal((await app.inject('/api/1/channels')).statusCode, 400);
  await app.close();
});
