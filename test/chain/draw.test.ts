/** Who is drawn: 20,000 slots against the weights by chi-squared, which a draw that is planted uniform must fail; and the seats of committees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../../firmware/core/base/index.js';
import { drawCommittee, drawProposers, Hashes, isQuorum, SEATS, type Weight } from '../../hosts/box/chain/consensus/index.js';
import { consensusCrypto, identityOf, keccak256 } from '../../hosts/box/chain/crypto.js';

const SLOTS = 20_000;
/** Critical value of chi-squared at 0.001 for 16 degrees of freedom (17 boxes), from the tables. */
const CRITICAL = 39.252;
/** 17 boxes from 1 to 17 shares. */
const weights: readonly Weight[] = Array.from({ length: 17 }, (_, i) => ({
  key: identityOf(keccak256(Uint8Array.of(i))).key,
  weight: (i + 1) * 1_000,
  payee: new Uint8Array(20),
}));
const all = weights.reduce((sum, { weight }) => sum + weight, 0);
const hashes = new Hashes(consensusCrypto, new Uint8Array(32));

/** Of how often each box was the first of its slot, against what its weight gives. */
function chiSquared(draw: (slot: number, random: Uint8Array) => Weight): number {
  const counts = new Map<string, number>();
  let random: Uint8Array = keccak256(Buffer.from('the random outputs of a chain'));
  for (let slot = 0; slot < SLOTS; slot += 1) {
    random = keccak256(random);
    const name = hex(draw(slot, random).key);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return weights.reduce((sum, { key, weight }) => {
    const expected = (SLOTS * weight) / all;
    return sum + ((counts.get(hex(key)) ?? 0) - expected) ** 2 / expected;
  }, 0);
}

const proposers = (drawn: readonly Weight[]) => (slot: number, random: Uint8Array) =>
  drawProposers(drawn, (step) => hashes.draw(random, slot, step), 1)[0]!;

test(`the proposers of ${SLOTS} slots follow the weights`, (t) => {
  const value = chiSquared(proposers(weights));
  t.diagnostic(`chi-squared ${value.toFixed(1)}, critical ${CRITICAL} at 0.001`);
  assert.ok(value < CRITICAL);
});

test('planted fault is caught: a uniform draw', (t) => {
  const value = chiSquared(proposers(weights.map((each) => ({ ...each, weight: 1 }))));
  t.diagnostic(`chi-squared ${value.toFixed(0)}`);
  assert.ok(value > CRITICAL);
});

test('stand-ins are others, in proportion to what is left', () => {
  let second = 0;
  const pair = [weights[0]!, weights[1]!, weights[16]!];
  for (let slot = 0; slot < 2_000; slot += 1) {
    const drawn = drawProposers(pair, (step) => hashes.draw(keccak256(Uint8Array.of(slot >> 8, slot)), slot, step));
    assert.equal(drawn.length, 3);
    assert.equal(new Set(drawn).size, 3);
    if (drawn[0] === pair[2] && drawn[1] === pair[1]) second += 1;
  }
  // 17/20 of the slots begin with the heaviest; then 2 of 3 go to the second.
  assert.ok(Math.abs(second / 2_000 - (17 / 20) * (2 / 3)) < 0.04, String(second));
});

test('a box holds its share of the seats, rounded down or up', () => {
  for (let i = 0; i < 500; i += 1) {
    const seats = drawCommittee(weights, keccak256(Uint8Array.of(i >> 8, i))).map(hex);
    assert.equal(seats.length, SEATS);
    for (const { key, weight } of weights) {
      const share = (SEATS * weight) / all;
      const held = seats.filter((each) => each === hex(key)).length;
      assert.ok(held === Math.floor(share) || held === Math.ceil(share), `${held} seats for a share of ${share}`);
    }
  }
});

test('splitting one box into many gains no seat and no slot on average', () => {
  const split = [
    ...weights.slice(0, 16),
    ...Array.from({ length: 17 }, (_, i) => ({ ...weights[0]!, key: identityOf(keccak256(Uint8Array.of(9, i))).key, weight: 1_000 })),
  ];
  const parts = new Set(split.slice(16).map(({ key }) => hex(key)));
  let [whole, many] = [0, 0];
  for (let i = 0; i < 1_000; i += 1) {
    const seed = keccak256(Uint8Array.of(3, i >> 8, i));
    whole += drawCommittee(weights, seed).filter((key) => hex(key) === hex(weights[16]!.key)).length;
    many += drawCommittee(split, seed).filter((key) => parts.has(hex(key))).length;
  }
  assert.ok(Math.abs(many / whole - 1) < 0.02, `${many} seats against ${whole}`);
});

test('a quorum is more than two thirds of 17 seats', () => {
  assert.equal(isQuorum(11), false);
  assert.equal(isQuorum(12), true);
});
