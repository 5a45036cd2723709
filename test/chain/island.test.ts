/** Seven boxes in virtual time: two are killed, three are cut off, all come back. Nothing that is final is ever contradicted, and nobody's transaction is lost silently. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTx } from '@ethereumjs/tx';
import { hex } from '../../firmware/core/base/index.js';
import type { Chain } from '../../hosts/box/chain/chain.js';
import { Hashes, type ChainBlock } from '../../hosts/box/chain/consensus/index.js';
import { addressOf, keccak256 } from '../../hosts/box/chain/crypto.js';
import { World } from './world.js';

const secret = new Uint8Array(Buffer.from('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', 'hex'));
const SLOT = 14;

function payment(chain: Chain, nonce: number, to: number, value = 1n): { readonly octets: Uint8Array; readonly hash: string } {
  const fields = {
    type: 2,
    nonce,
    gasLimit: 21_000,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
    to: `0x${to.toString(16).padStart(40, '0')}` as const,
    value,
    chainId: chain.params.chainId,
  };
  const signed = createTx(fields, { common: chain.engine.common }).sign(secret);
  return { octets: signed.serialize(), hash: `0x${hex(signed.hash())}` };
}

const state = (chain: Chain): string => hex(chain.head.header.state);
const find = (chain: Chain, hash: string): boolean => chain.included(new Uint8Array(Buffer.from(hash.slice(2), 'hex'))) !== undefined;

let world: World;
before(async () => {
  world = new World([100, 100, 100, 100, 100, 100, 100]);
  await world.startAll();
});
after(() => world.stop());

const levels = (): string => world.alive.map(({ head, final }) => `${head.header.number}/${final.header.number}`).join(' ');
const finals = (): number[] => world.alive.map(({ final }) => final.header.number);

test('seven boxes produce and finalise: every block is final when its child is attested', async (t) => {
  await world.run(20 * SLOT);
  t.diagnostic(levels());
  assert.ok(Math.min(...finals()) >= 17, levels());
  const times = world.alive[0]!.head.header.time - world.alive[0]!.head.parent!.header.time;
  assert.equal(times % SLOT, 0, 'every proposer came in its own time');
});

test('a transaction that one box hears is in a block of all of them', async () => {
  const { octets, hash } = payment(world.alive[3]!, 0, 0x1111);
  await world.alive[3]!.submit(octets);
  await world.run(2 * SLOT);
  for (const chain of world.alive) assert.ok(find(chain, hash));
});

test('with two of seven killed stand-ins take their slots, and finality goes on while more than two thirds of the seats are there', async (t) => {
  const { reign } = world.alive[0]!.head;
  const seats = (box: number, which: 'current' | 'previous'): number =>
    reign[which].committee.filter((key) => hex(key) === hex(world.boxes[box]!.identity.key)).length;
  // Two whose seats leave twelve in both committees: any one with three and one with two.
  const pair = world.boxes
    .flatMap(({ index: a }) => world.boxes.map(({ index: b }) => [a, b] as const))
    .find(([a, b]) => a < b && (['current', 'previous'] as const).every((which) => seats(a, which) + seats(b, which) <= 5));
  assert.ok(pair);
  dead = pair;
  for (const index of dead) await world.kill(index);
  const before = Math.max(...finals());
  const start = world.alive[0]!.head.header.number;
  await world.run(20 * SLOT);
  t.diagnostic(levels());
  assert.ok(world.alive[0]!.head.header.number >= start + 18, 'slots were left empty');
  assert.ok(Math.max(...finals()) > before, 'nothing became final');
});

let dead: readonly number[] = [];
let lost: { readonly plain: string; readonly conflicting: string; readonly winner: string };

test('cut into two and three, both sides go on and none finalises', async (t) => {
  const alive = world.boxes.filter(({ chain }) => chain).map(({ index }) => index);
  const [far, near] = [alive.slice(0, 2), alive.slice(2)];
  const before = Math.max(...finals());
  world.islands(world.boxes.map(({ index }) => (far.includes(index) ? 1 : 0)));
  const there = world.boxes[far[0]!]!.chain!;
  const here = world.boxes[near[0]!]!.chain!;
  // On the small side: one payment that only it hears, and one that the other side spends otherwise.
  const plain = payment(there, 2, 0x2222);
  const conflicting = payment(there, 1, 0x3333);
  const winner = payment(here, 1, 0x4444);
  lost = { plain: plain.hash, conflicting: conflicting.hash, winner: winner.hash };
  await there.submit(conflicting.octets);
  await there.submit(plain.octets);
  await here.submit(winner.octets);
  await world.run(40 * SLOT);
  t.diagnostic(levels());
  assert.ok(find(there, plain.hash) && find(there, conflicting.hash) && find(here, winner.hash));
  assert.ok(Math.max(...finals()) <= before + 1, 'an island without a quorum finalised');
  assert.notEqual(hex(there.head.hash), hex(here.head.hash));
});

test('together again they agree; a transaction of the losing branch is included again, or reported with the reason', async (t) => {
  world.islands(world.boxes.map(() => 0));
  const stuck = Math.max(...finals());
  await world.run(30 * SLOT);
  t.diagnostic(levels());
  assert.ok(Math.min(...finals()) > stuck, 'finality does not resume');
  const chains = world.alive;
  assert.deepEqual(world.rivals(), []);
  for (const chain of chains) {
    assert.ok(find(chain, lost.winner));
    assert.ok(find(chain, lost.plain), 'the losing side’s payment is not included again');
    assert.ok(!find(chain, lost.conflicting));
  }
  assert.ok(
    chains.some(({ conflicts }) => conflicts.some(({ hash, reason }) => hash === lost.conflicting && reason.includes('nonce'))),
    'the conflicting payment is reported nowhere',
  );
});

test('the killed boxes come back from their disks, catch up, and all seven have the same state', async (t) => {
  for (const index of dead) await world.start(index);
  await world.run(15 * SLOT);
  // Between two slots nothing is on its way.
  await world.run(3);
  t.diagnostic(levels());
  assert.equal(world.alive.length, 7);
  assert.equal(new Set(world.alive.map(state)).size, 1);
  assert.deepEqual(world.rivals(), []);
  assert.deepEqual(
    world.logs.filter((line) => line.includes('refused block') || line.includes('PROBLEM')),
    [],
  );
});

test('two headers for one slot are proof of an equivocation: it goes into a block, and the box is in no later draw', async () => {
  const chain = world.alive[0]!;
  const culprit = chain.head;
  const { identity } = world.boxes.find((box) => hex(addressOf(box.identity.key)) === hex(culprit.header.proposer))!;
  const twin = { ...culprit.header, receipts: keccak256(Uint8Array.of(1)) };
  const seal = await identity.sign(chain.consensus.hashes.seal(Hashes.header({ keccak256 }, twin)));
  const sealed = { ...twin, seal };
  const block: ChainBlock = { ...chain.stored(culprit.hash)!.block, header: sealed };
  for (const each of world.alive) each.feed({ type: 'block', block, live: false });
  await world.run(4 * SLOT);
  assert.ok(world.logs.some((line) => line.includes('signed two headers')));
  assert.ok(
    world.alive[1]!.head.reign.bans.some(({ key }) => hex(key) === hex(identity.key)),
    'the proof is in no block',
  );
  await world.run(72 * SLOT);
  for (const { head } of world.alive)
    assert.ok(!head.reign.next.weights.some(({ key }) => hex(key) === hex(identity.key)), 'it is drawn again');
  assert.deepEqual(world.rivals(), []);
});

test('planted fault is caught: keys that run twice, once on each side, make rivals, and the test sees them', async () => {
  const doubled = new World([100, 100], {}, 2);
  try {
    await doubled.startAll();
    doubled.islands([0, 0, 1, 1]);
    await doubled.run(10 * SLOT);
    await doubled.boxes[0]!.chain!.submit(payment(doubled.boxes[0]!.chain!, 0, 0x5555).octets);
    await doubled.run(10 * SLOT);
    assert.ok(doubled.rivals().length > 0);
  } finally {
    await doubled.stop();
  }
});
