/** Cheats against honest nodes, in virtual time, settled on the paper chain: nobody honest loses more than stated, nothing where the chain is reached in time. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { buildKernels } from '../../assembly/build.mjs';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { decodePayment, type Payment } from '../../firmware/core/wire/index.js';
import { defaultRules, exposure, type Transaction } from '../../firmware/core/channel/index.js';
import { TIMEOUT, TOKEN, World } from '../portable/channel-world.js';

before(() => buildKernels());

const DEPOSIT = 1_000n;
const HOUR = 3_600;

function line(names: readonly string[], timeout = TIMEOUT): { world: World; keys: string[] } {
  const world = new World(loadWasmKernels().kernels, names);
  const keys = names.slice(1).map((name, i) => world.open(names[i]!, name, [DEPOSIT, DEPOSIT], TOKEN, timeout));
  for (const party of world.parties.values()) party.fee = 1n;
  world.start();
  world.blocks(1);
  return { world, keys };
}

const read = (payload: Uint8Array): Payment => {
  const message = decodePayment(payload, 0, payload.length);
  assert.ok(typeof message !== 'number');
  return message;
};

const staked = (world: World, name: string): bigint => {
  const names = [...world.parties.keys()];
  return name === names[0] || name === names.at(-1) ? DEPOSIT : 2n * DEPOSIT;
};

/** What each party has more or less than its deposits once all is settled; the cheats' machines act as honest ones in that. */
function outcome(world: World): (name: string) => bigint {
  const got = world.settleAll();
  const total = [...got.values()].reduce((sum, each) => sum + each, 0n);
  assert.equal(total, BigInt(world.parties.size - 1) * 2n * DEPOSIT, `conserved; refused: ${world.chain.reverted.join('; ')}`);
  return (name) => got.get(name)! - staked(world, name);
}

/** The proof of B's that A would close with: as it stands now. */
function proofNow(world: World, name: string, key: string): Extract<Transaction, { call: 'close' | 'update' }> {
  const { theirs, peer, id, openBlock } = world.channel(name, key);
  const locksroot = world.layouts.locksroot(theirs.locks.map((lock) => world.layouts.lockHash(lock)));
  const { transferred, nonce, additional, signature } = theirs;
  const digest = world.layouts.balanceProof({ id, openBlock }, { transferred, locksroot, nonce }, additional);
  return {
    call: 'close',
    token: TOKEN,
    partner: peer.address,
    transferred,
    locksroot,
    nonce,
    additional,
    signature,
    signer: peer.key,
    digest,
  };
}

test('closed with no proof or an old one: the other hands in the newest it has', () => {
  for (const late of [false, true]) {
    const { world, keys } = line(['A', 'B']);
    world.pay('B', 50n, ['A']);
    world.run(500);
    const old = proofNow(world, 'A', keys[0]!);
    world.pay('A', 300n, ['B']);
    world.run(500);
    // B is away for most of the window.
    world.party('B').offGrid = late;
    world.chain.submit(world.party('A').peer, late ? old : { ...old, nonce: 0 });
    world.blocks(1);
    if (late) {
      world.blocks(TIMEOUT - 200);
      world.party('B').offGrid = false;
    }
    world.blocks(10);
    assert.equal(outcome(world)('B'), 250n, late ? 'late' : 'at once');
  }
});

test('a payer that does not pay for a revealed secret: it goes to the chain before the lock expires, and the channel with it', () => {
  const { world, keys } = line(['A', 'B', 'C']);
  world.party('B').filter = (payload) => {
    const message = read(payload);
    return !(message.kind === 'transfer' && message.unlocked);
  };
  world.pay('A', 100n, ['B', 'C'], { fee: 1n });
  world.run(120_000);
  const expiry = world.channel('C', keys[1]!).theirs.locks[0]!.expiryBlock;
  while (world.chain.height < expiry + 120) world.blocks(Math.max(10, Math.min(500, expiry - 25 - world.chain.height)));
  assert.equal(outcome(world)('C'), 100n);
});

test('a secret withheld: the locks expire, everybody has what was theirs', () => {
  const { world, keys } = line(['A', 'B', 'C']);
  world.party('C').filter = (payload) => read(payload).kind !== 'reveal' && read(payload).kind !== 'waiver';
  world.pay('A', 100n, ['B', 'C'], { fee: 1n });
  world.run(10_000);
  const expiry = world.channel('B', keys[1]!).mine.locks[0]!.expiryBlock;
  // C knows the secret and keeps it; its own machine would bring it to the chain, so it is taken away.
  world.party('C').machine = undefined;
  while (world.chain.height < expiry + 5) world.blocks(Math.min(2_000, expiry + 5 - world.chain.height));
  world.run(100_000);
  assert.equal(world.channel('A', keys[0]!).mine.locks.length, 0);
  assert.equal([...world.party('A').facts.values()].at(-1)!.type, 'failed');
  assert.equal(world.channel('B', keys[0]!).theirs.locks.length, 0);
});

test('a secret revealed late, on the chain in the last block: who is between gets it back in time', () => {
  const { world, keys } = line(['A', 'B', 'C']);
  const secrets: Uint8Array[] = [];
  world.party('C').filter = (payload) => {
    const message = read(payload);
    if (message.kind === 'reveal') secrets.push(message.secret.slice());
    return message.kind !== 'reveal';
  };
  world.pay('A', 100n, ['B', 'C'], { fee: 1n });
  world.run(3_000);
  const expiry = world.channel('B', keys[1]!).mine.locks[0]!.expiryBlock;
  world.party('A').machine = undefined;
  const secret = world.layouts.wholeSecret(secrets[0]!);
  while (world.chain.height < expiry - 1) world.blocks(Math.min(3_000, expiry - 1 - world.chain.height));
  world.chain.submit(world.party('C').peer, { call: 'register-secret', secret });
  world.blocks(1);
  world.start();
  world.blocks(200);
  const gained = outcome(world);
  assert.equal(gained('B'), 1n);
  assert.equal(gained('C'), 100n);
});

test('waived, then unlocked with an older proof: punished with both deposits', () => {
  const { world, keys } = line(['A', 'B']);
  const secret = new Uint8Array(32).fill(5);
  world.pay('A', 100n, ['B'], { locked: true, secret, held: true });
  world.run(1_000);
  const withLock = proofNow(world, 'B', keys[0]!);
  const lock = world.channel('B', keys[0]!).theirs.locks[0]!;
  world.send('A', { type: 'cancel', hash: lock.hash });
  world.run(20_000);
  assert.equal(world.channel('A', keys[0]!).mine.locks.length, 0, 'the lock is waived and removed');
  const b = world.party('B');
  b.machine = undefined;
  world.chain.submit(b.peer, withLock);
  world.chain.submit(b.peer, { call: 'register-secret', secret });
  world.blocks(1);
  const { expiryBlock, amount, hash } = lock;
  world.chain.submit(b.peer, {
    call: 'unlock',
    token: TOKEN,
    partner: world.party('A').peer.address,
    transferred: 0n,
    expiryBlock,
    amount,
    hash,
    proof: new Uint8Array(0),
  });
  world.blocks(2);
  world.blocks(2);
  assert.deepEqual(world.chain.reverted, []);
  assert.equal(outcome(world)('A'), DEPOSIT);
});

test('both ends against the one between: its own cost is never more than its fee was', () => {
  const { world } = line(['A', 'B', 'C']);
  // A has what it wanted from C beside the mesh, and tells B nothing but the lock: B has paid C.
  world.party('A').filter = (payload) => {
    const message = read(payload);
    return message.kind === 'transfer' && message.lock !== undefined;
  };
  world.pay('A', 100n, ['B', 'C'], { fee: 1n });
  world.run(120_000);
  const gained = outcome(world);
  assert.equal(gained('C'), 100n);
  assert.equal(gained('B'), 1n);
});

test('eclipse: young blocks that are not finalised do not make a chain effective, and the receiver closes the window', () => {
  const { world, keys } = line(['A', 'B']);
  for (const party of world.parties.values()) party.offGrid = true;
  world.pass(76 * HOUR);
  world.pay('A', 10n, ['B']);
  world.run(1_000);
  assert.equal(world.party('A').outcomes.at(-1)!.outcome, 'paid', 'inside of half the window');
  world.pass(3 * HOUR);
  // A's own check is cheated away: only the receiver's counts.
  world.pay('A', 10n, ['B']);
  world.run(1_000);
  assert.equal(world.party('A').outcomes.at(-1)!.outcome, 'pending');
  assert.ok(world.party('B').refusals.includes('window-closed'));
  assert.equal(world.channel('B', keys[0]!).theirs.transferred, 10n);
  // The chain is back: the payment arrives.
  for (const party of world.parties.values()) party.offGrid = false;
  world.blocks(1);
  world.run(700_000);
  assert.equal(world.party('A').outcomes.at(-1)!.outcome, 'paid');
});

test('what may be gained without the chain is capped by peer and in all, and the loss of who never comes back is no more', () => {
  const { world, keys } = line(['A', 'B']);
  const b = world.party('B');
  b.rules = { ...defaultRules, caps: () => ({ peer: 60n, total: 100n }) };
  b.machine = undefined;
  world.start();
  world.run(1_000);
  for (const party of world.parties.values()) party.offGrid = true;
  world.pass(HOUR);
  for (const amount of [40n, 20n, 1n]) {
    world.pay('A', amount, ['B']);
    world.run(500);
  }
  assert.equal(exposure(world.channel('B', keys[0]!)), 60n);
  assert.ok(b.refusals.includes('over-cap'));
  // A closes with nothing and B stays away for the whole window: the stated exposure is what it costs.
  b.machine = undefined;
  world.party('A').offGrid = false;
  assert.equal(outcome(world)('B'), 0n);
});

test("a peer's clock an hour off, either way: payments are made or refused, nobody loses", () => {
  for (const skew of [-HOUR, HOUR])
    for (const wrong of ['A', 'B', 'C', 'D']) {
      const { world } = line(['A', 'B', 'C', 'D']);
      world.party(wrong).skew = skew;
      world.blocks(1);
      for (const party of world.parties.values()) party.offGrid = true;
      world.pass(600);
      world.pay('A', 100n, ['B', 'C', 'D'], { fee: 2n });
      world.run(200_000);
      world.pass(30 * HOUR);
      for (const party of world.parties.values()) party.offGrid = false;
      world.blocks(1);
      world.run(700_000);
      const gained = outcome(world);
      for (const name of ['B', 'C', 'D']) assert.ok(gained(name) >= 0n, `${name} lost with ${wrong} ${skew} s off`);
      assert.equal(gained('A') + gained('B') + gained('C') + gained('D'), 0n);
    }
});

test('a partition in the middle of a payment: the secret comes out on one side only, and reaches the other by the chain', () => {
  const { world } = line(['A', 'B', 'C']);
  let cut = false;
  world.party('B').filter = (payload, to) => {
    if (read(payload).kind === 'reveal') cut = true;
    return !(cut && Buffer.from(to).equals(Buffer.from(world.id('A'))));
  };
  world.pay('A', 100n, ['B', 'C'], { fee: 1n });
  world.run(120_000);
  const gained = outcome(world);
  assert.equal(gained('B'), 1n);
  assert.equal(gained('C'), 100n);
});

test('a box put back from a backup asks first, and cannot be brought to close with an old proof', () => {
  const { world, keys } = line(['A', 'B']);
  world.pay('A', 10n, ['B']);
  world.run(1_000);
  const b = world.party('B');
  const backup = new Map(b.records);
  world.pay('A', 70n, ['B']);
  world.pay('B', 5n, ['A']);
  world.run(1_000);
  b.machine = undefined;
  b.records.clear();
  for (const [key, value] of backup) b.records.set(key, value);
  world.start();
  world.run(1_000);
  assert.equal(world.channel('B', keys[0]!).theirs.transferred, 80n, 'its partner has told it what it had');
  assert.equal(world.channel('B', keys[0]!).mine.transferred, 5n);
  assert.equal(outcome(world)('B'), 75n);
});
