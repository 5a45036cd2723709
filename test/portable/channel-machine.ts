/** The channel machine: payments direct and over locks, what goes wrong with them, and the channel's life on the chain. */
import { createKernels } from '../../firmware/core/crypto/index.js';
import { available, balance } from '../../firmware/core/channel/index.js';
import { OTHER_TOKEN, TOKEN, World } from './channel-world.js';
import { check, equal, suite } from './harness.js';

const E18 = 10n ** 18n;

export function line(names: readonly string[]): { world: World; keys: string[] } {
  const world = new World(createKernels(), names);
  const keys = names.slice(1).map((name, i) => world.open(names[i]!, name, [1_000n * E18, 1_000n * E18]));
  world.start();
  world.blocks(1);
  return { world, keys };
}

const last = (world: World, name: string): string => world.party(name).outcomes.at(-1)?.outcome ?? 'none';

suite('channel machine', (t) => {
  t.test('a direct payment is stored, sent, acknowledged, and small', () => {
    const { world, keys } = line(['A', 'B']);
    world.sent.length = 0;
    world.pay('A', 5n * E18, ['B']);
    world.run(100);
    equal(last(world, 'A'), 'paid');
    equal(balance(world.channel('B', keys[0]!)), 1_005n * E18);
    equal(balance(world.channel('A', keys[0]!)), 995n * E18);
    equal(world.sent.map(({ kind }) => kind).join(), 'transfer,transfer-ack');
    // Envelope 16, tag 16, and 22 or 21 of the segment around it (transport.cddl).
    check(world.sent[0]!.octets + 54 <= 140, `a direct payment takes ${world.sent[0]!.octets + 54} octets`);
    check(world.sent[1]!.octets + 53 <= 60, `its acknowledgement takes ${world.sent[1]!.octets + 53} octets`);
  });

  t.test('a payment over three hops, its unlocking folded into the next proof', () => {
    const { world, keys } = line(['A', 'B', 'C', 'D']);
    world.sent.length = 0;
    world.pay('A', 5n * E18, ['B', 'C', 'D']);
    world.run(1_000);
    equal(last(world, 'A'), 'paid');
    const octets = world.sent.reduce((sum, each) => sum + each.octets + (each.octets < 24 ? 53 : 54), 0);
    equal(world.sent.map(({ kind }) => kind).join(), 'transfer,transfer,transfer,reveal,reveal-ack,reveal,reveal-ack,reveal,reveal-ack');
    check(octets <= 1_100, `a payment over three hops takes ${octets} octets`);
    world.run(70_000);
    equal(balance(world.channel('D', keys[2]!)), 1_005n * E18);
    equal(world.channel('B', keys[0]!).theirs.locks.length, 0);
  });

  t.test('fees stay with those between', () => {
    const { world, keys } = line(['A', 'B', 'C']);
    world.party('B').fee = 3n;
    world.pay('A', 1_000n, ['B', 'C'], { fee: 3n });
    world.run(70_000);
    equal(last(world, 'A'), 'paid');
    equal(balance(world.channel('B', keys[0]!)) - 1_000n * E18, 1_003n);
    equal(balance(world.channel('C', keys[1]!)) - 1_000n * E18, 1_000n);
    world.pay('A', 900n, ['B', 'C'], { fee: 2n });
    world.run(70_000);
    equal(last(world, 'A'), 'failed');
    equal(world.party('A').outcomes.at(-1)?.reason, 'fee-too-low');
  });

  t.test('a lock without a way on is waived, and another route is taken', () => {
    const world = new World(createKernels(), ['A', 'B', 'C', 'D']);
    world.open('A', 'B', [100n, 100n]);
    world.open('B', 'D', [1n, 100n]);
    const key = world.open('A', 'C', [100n, 100n]);
    world.open('C', 'D', [100n, 100n]);
    world.start();
    world.blocks(1);
    const routes = [
      ['B', 'D'],
      ['C', 'D'],
    ].map((route) => route.map(world.id));
    world.pay('A', 50n, ['B', 'D'], { routes });
    world.run(80_000);
    equal(last(world, 'A'), 'paid');
    equal(balance(world.channel('A', key)), 50n);
  });

  t.test('a held payment waits for its secret; called off, it is undone', () => {
    const { world, keys } = line(['A', 'B', 'C']);
    const secret = new Uint8Array(32).fill(9);
    const hash = world.layouts.secretHash(secret);
    world.pay('A', 10n, ['B', 'C'], { secret, held: true });
    world.run(70_000);
    equal(last(world, 'A'), 'pending');
    world.send('A', { type: 'allow', hash });
    world.run(70_000);
    equal(last(world, 'A'), 'paid');
    const other = new Uint8Array(32).fill(10);
    world.pay('A', 11n, ['B', 'C'], { secret: other, held: true });
    world.run(5_000);
    world.send('A', { type: 'cancel', hash: world.layouts.secretHash(other) });
    world.run(70_000);
    equal(last(world, 'A'), 'failed');
    equal(balance(world.channel('A', keys[0]!)), 1_000n * E18 - 10n);
    equal(available(world.channel('A', keys[0]!)), 1_000n * E18 - 10n);
  });

  t.test('two tokens are swapped under one secret', () => {
    const world = new World(createKernels(), ['A', 'B']);
    const first = world.open('A', 'B', [100n, 100n]);
    const second = world.open('A', 'B', [100n, 100n], OTHER_TOKEN);
    world.start();
    world.blocks(1);
    const secret = new Uint8Array(32).fill(7);
    const hash = world.layouts.secretHash(secret);
    const common = { type: 'swap', hash, fee: 0n } as const;
    const [give, take] = [
      { currency: TOKEN, amount: 30n },
      { currency: OTHER_TOKEN, amount: 20n },
    ];
    world.send('B', { ...common, token: 1, role: 'taker', send: { ...take, route: [world.id('A')] }, receive: give });
    world.send('A', { ...common, token: 2, role: 'maker', secret, send: { ...give, route: [world.id('B')] }, receive: take });
    world.run(90_000);
    equal(last(world, 'A'), 'paid');
    equal(balance(world.channel('A', first)), 70n);
    equal(balance(world.channel('A', second)), 120n);
    equal(balance(world.channel('B', second)), 80n);
  });

  t.test('both agree to pay out, then to end the channel', () => {
    const { world, keys } = line(['A', 'B']);
    const [key] = keys as [string];
    world.pay('A', 4n * E18, ['B']);
    world.run(1_000);
    world.send('B', { type: 'withdraw', channel: key, token: 3, amount: 1_004n * E18 });
    world.run(1_000);
    world.blocks(2);
    equal(world.channel('B', key).deposit, 0n);
    equal(world.channel('A', key).phase, 'open');
    world.pay('A', 6n * E18, ['B']);
    world.run(1_000);
    equal(last(world, 'A'), 'paid');
    world.send('A', { type: 'settle', channel: key, token: 4 });
    world.run(1_000);
    world.blocks(2);
    const paid = world.settleAll();
    equal(paid.get('A'), 990n * E18);
    equal(paid.get('B'), 1_010n * E18);
  });

  t.test('what is not right is refused with a reason, and changes nothing', () => {
    const { world } = line(['A', 'B']);
    world.pay('A', 2_000n * E18, ['B']);
    equal(world.party('A').outcomes.at(-1)?.reason, 'no-balance');
    world.pay('A', 0n, ['B']);
    equal(world.party('A').outcomes.at(-1)?.reason, 'bad-amount');
    world.pay('A', 1n, ['B'], { locked: true, secret: new Uint8Array(32) });
    equal(world.party('A').outcomes.at(-1)?.reason, 'zero-secret');
    const secret = new Uint8Array(32).fill(3);
    world.pay('A', 1n, ['B'], { secret, held: true });
    world.pay('A', 1n, ['B'], { secret, held: true });
    equal(world.party('A').outcomes.at(-1)?.reason, 'duplicate-secret');
    world.run(500);
  });

  t.test('what a cheat sends is refused with a reason, and changes nothing', () => {
    const { world, keys } = line(['A', 'B', 'C']);
    const [key] = keys as [string];
    const captured: Uint8Array[] = [];
    world.party('A').filter = (payload) => {
      captured.push(payload.slice());
      return false;
    };
    world.pay('A', 7n, ['B']);
    world.pay('A', 8n, ['B']);
    const [first, second] = captured as [Uint8Array, Uint8Array];
    const before = world.channel('B', key).theirs;
    const refused = (reason: string, from: string, payload: Uint8Array): void => {
      world.party('B').refusals.length = 0;
      world.inject(from, 'B', payload);
      check(world.party('B').refusals.includes(reason), `${reason}: ${world.party('B').refusals.join() || 'taken'}`);
      check(world.channel('B', key).theirs === before, `${reason}: the half is what it was`);
    };
    refused('nonce-gap', 'A', second);
    refused('malformed', 'A', first.subarray(0, 40));
    const forged = first.slice();
    forged[forged.length - 1] = forged[forged.length - 1]! ^ 1;
    refused('bad-signature', 'A', forged);
    const more = first.slice();
    const amountAt = 7;
    equal(more[amountAt], 7, 'the amount in the message');
    more[amountAt] = 9;
    refused('bad-signature', 'A', more);
    refused('bad-signature', 'C', first);
    world.party('A').filter = () => true;
    world.inject('A', 'B', first);
    world.inject('A', 'B', second);
    equal(world.channel('B', key).theirs.transferred, 15n, 'in their order they are taken');
    world.inject('A', 'B', first);
    equal(world.channel('B', key).theirs.transferred, 15n, 'once');
    // A believes that it has deposited more than it has.
    world.channel('A', key).deposit = 10_000n * E18;
    world.pay('A', 5_000n * E18, ['B']);
    world.run(500);
    check(world.party('B').refusals.includes('overdraft'), 'an overdraft is refused');
    equal(world.channel('B', key).theirs.transferred, 15n);
  });
});
