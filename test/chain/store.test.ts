/** What is on disk: kills, pruning, snapshots, damage. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createTx } from '@ethereumjs/tx';
import { hex } from '../../firmware/core/base/index.js';
import { Chain, type ChainOptions } from '../../hosts/box/chain/chain.js';
import { addressOf, consensusCrypto, identityOf, keccak256 } from '../../hosts/box/chain/crypto.js';
import { developmentParams } from '../../hosts/box/chain/params.js';
import { readSnapshot, writeSnapshot } from '../../hosts/box/chain/snapshot.js';
import { verifyChain } from '../../hosts/box/chain/verify.js';
import type { VerifyReport, ChainStatus } from '../../hosts/box/chain/types.js';
import { remove, startRig } from './rig.js';

const START = 1_800_000_000;
const root = mkdtempSync(join(tmpdir(), 'chain-store-'));
const secret = new Uint8Array(Buffer.from('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', 'hex'));
const identity = identityOf(keccak256(Uint8Array.of(1)));
const params = { ...developmentParams({ key: hex(identity.key), weight: 1, payee: `0x${hex(addressOf(identity.key))}` }, START), rest: 0 };

/** One box in virtual time: its only timer is called by `slots`. */
class Lone {
  now = START * 1000;
  #wake: { readonly time: number; readonly call: () => void } | undefined;
  readonly options: ChainOptions;
  chain!: Chain;

  constructor(folder: string) {
    this.options = {
      folder,
      params,
      crypto: consensusCrypto,
      identity,
      now: () => this.now,
      at: (time, call) => {
        this.#wake = { time, call };
        return () => (this.#wake = undefined);
      },
      log: () => undefined,
      report: (problem) => assert.fail(problem.message),
    };
  }

  async open(): Promise<Chain> {
    this.chain = await Chain.open(this.options);
    return this.chain;
  }

  async slots(count: number, each: (slot: number) => Promise<unknown> = async () => undefined): Promise<void> {
    for (let slot = 0; slot < count; slot += 1) {
      await each(slot);
      const end = this.now + params.slot * 1000;
      while (this.#wake && this.#wake.time <= end) {
        const { time, call } = this.#wake;
        this.#wake = undefined;
        this.now = Math.max(this.now, time);
        call();
        await this.chain.settled();
      }
      this.now = end;
    }
  }
}

let nonce = 0;
async function pay(chain: Chain): Promise<void> {
  const to = `0x${hex(keccak256(Uint8Array.of(nonce >> 8, nonce))).slice(0, 40)}` as const;
  const fields = {
    type: 2,
    nonce: nonce++,
    gasLimit: 21_000,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
    to,
    value: 1n,
    chainId: params.chainId,
  };
  await chain.submit(createTx(fields, { common: chain.engine.common }).sign(secret).serialize());
}

const lone = new Lone(join(root, 'lone'));
before(() => lone.open());
after(async () => {
  await lone.chain.stop();
  remove(root);
});

test('a chain that was stopped goes on where it was, and knows what it has signed', async () => {
  await lone.slots(60, () => pay(lone.chain));
  const { header, hash } = lone.chain.head;
  assert.ok(header.number >= 58 && lone.chain.final.header.number === header.number - 1);
  await lone.chain.stop();
  const chain = await lone.open();
  assert.equal(hex(chain.head.hash), hex(hash));
  assert.equal(chain.final.header.number, header.number - 1);
  await lone.slots(3);
  assert.equal(chain.head.header.number, header.number + 3);
  await chain.stop();
  const guard = `${lone.options.folder}.guard`;
  const signed = readFileSync(guard, 'latin1');
  assert.equal(signed, `proposed ${chain.head.header.time} source ${chain.head.header.number - 1} target ${chain.head.header.number}\n`);
  writeFileSync(guard, 'proposed 12');
  await assert.rejects(lone.open(), /no longer knows what it has signed/);
  writeFileSync(guard, signed);
  await lone.open();
});

test('a call on which the machine gives up does not spoil the state of its block', async () => {
  const { chain } = lone;
  const fields = {
    type: 2,
    nonce: nonce++,
    gasLimit: 100_000,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
    chainId: params.chainId,
  };
  // The point evaluation of EIP-4844, for which there is no trusted setup here.
  const call = createTx({ ...fields, to: `0x${'0a'.padStart(40, '0')}`, data: new Uint8Array(192) }, { common: chain.engine.common }).sign(
    secret,
  );
  await chain.submit(call.serialize());
  await lone.slots(2);
  const place = chain.included(call.hash())!;
  assert.equal(chain.receipts(place.header)[place.index]!.status, 0);
  assert.ok(chain.engine.hasState(chain.head.header.state));
});

test('pruning drops what no live state needs, and nothing else', async () => {
  const nodes = async (): Promise<number> => {
    let count = 0;
    for await (const entry of lone.chain.database.range(Buffer.from('n'), Buffer.from('o'))) count += entry.length > 0 ? 1 : 0;
    return count;
  };
  // More blocks than states are kept: the oldest lose theirs.
  await lone.slots(120, () => pay(lone.chain));
  const before = await nodes();
  const kept = await lone.chain.prune();
  const after = await nodes();
  assert.equal(after, kept);
  assert.ok(after < before, `${after} of ${before}`);
  const report = await verifyChain(lone.chain);
  assert.equal(report.blocks, 64);
  await lone.slots(2, () => pay(lone.chain));
  const first = lone.chain.payloadOf(lone.chain.canonical(1)!)!;
  assert.equal(lone.chain.engine.hasState(first.header.stateRoot), false, 'an old state is still there');
});

test('a new box takes a snapshot, has the same state, and follows from there', async () => {
  const file = join(root, 'snapshot');
  const info = await writeSnapshot(lone.chain, file);
  const genesis = await Chain.genesisHash(lone.options);
  const fresh = new Lone(join(root, 'fresh'));
  await readSnapshot(file, fresh.options.folder, { genesis, chainId: params.chainId, crypto: consensusCrypto, checkpoint: info.hash });
  fresh.now = lone.now;
  const chain = await fresh.open();
  try {
    assert.equal(hex(chain.final.header.state), hex(lone.chain.final.header.state));
    assert.equal(chain.head.header.number, info.number);
    await fresh.slots(3);
    assert.ok(chain.head.header.number >= info.number + 3);
    assert.ok((await verifyChain(chain)).nodes > 50);
  } finally {
    await chain.stop();
  }
});

test('a snapshot that does not hold is refused with the reason, and leaves nothing behind', async () => {
  const file = join(root, 'snapshot');
  const genesis = await Chain.genesisHash(lone.options);
  const folder = join(root, 'refused');
  const refuse = (given: string, options: { readonly genesis: Uint8Array; readonly checkpoint?: string }, reason: RegExp): Promise<void> =>
    assert.rejects(readSnapshot(given, folder, { ...options, chainId: params.chainId, crypto: consensusCrypto }), (error: Error) =>
      reason.test(error.message),
    );
  await refuse(file, { genesis: keccak256(genesis) }, /another chain/);
  await refuse(file, { genesis, checkpoint: '00'.repeat(32) }, /checkpoint/);
  const { gunzipSync, gzipSync } = await import('node:zlib');
  const plain = gunzipSync(readFileSync(file));
  const changed = join(root, 'changed');
  for (const at of [0.3, 0.6, 0.9].map((share) => Math.floor(plain.length * share))) {
    const damaged = Buffer.from(plain);
    damaged[at]! ^= 1;
    writeFileSync(changed, gzipSync(damaged));
    await refuse(changed, { genesis }, /snapshot .* is not used/);
  }
  writeFileSync(changed, gzipSync(plain.subarray(0, plain.length - 400)));
  await refuse(changed, { genesis }, /is not used/);
  assert.ok(!readdirSync(root).includes('refused'));
});

test('a box that is killed again and again goes on from its last block, and its state verifies', { timeout: 120_000 }, async () => {
  const state = join(root, 'killed');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(state);
  let best = 0;
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/chain/killed-box.ts', state], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) {
      const number = Number(line);
      assert.ok(number >= best, `it fell back from ${best} to ${number}`);
      best = Math.max(best, number);
      if (number >= (round + 1) * 6) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const rig = await startRig(state);
  try {
    assert.ok((await rig.get<ChainStatus>('/api/chain')).head.number >= best);
    assert.ok((await rig.post<VerifyReport>('/api/chain/verify')).blocks > 10);
    assert.deepEqual(rig.problems, []);
    await rig.post('/api/chain/snapshot');
  } finally {
    await rig.stop();
  }
});

test('a damaged database is found at the start and made again from the snapshot', async () => {
  const state = join(root, 'killed');
  const database = join(state, 'chain', 'database');
  for (const name of readdirSync(database)) if (/^(MANIFEST|CURRENT)/.test(name)) writeFileSync(join(database, name), 'damaged');
  const rig = await startRig(state);
  try {
    const { head } = await rig.get<ChainStatus>('/api/chain');
    assert.ok(head.number > 10);
    assert.match(rig.problems.map(({ message }) => message).join(), /was damaged .* rebuilt from the snapshot/);
    const report = await rig.post<VerifyReport>('/api/chain/verify');
    assert.ok(report.nodes > 3, JSON.stringify(report));
  } finally {
    await rig.stop();
  }
});
