/** The light client: anchoring, following, changes of committee, refusals, proofs. Signatures are toys here; test/light has real ones. */
import { concat, hex, millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { LightClient, type LightEffect } from '../../firmware/core/light/index.js';
import { check, equal, same, suite, throws } from './harness.js';
import { accountValue, deepProof, GENESIS, makeEpochHeader, octets, toyCommittee, toySign, type Epoch } from './light-chain.js';

const kernels = createKernels();
const now = millis(0);
const [A, B, C, D] = [0, 20, 40, 60].map(toyCommittee) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const TWELVE = Array.from({ length: 12 }, (_, seat) => seat);
const STATE = octets(0x51);

const first: Epoch = { number: 100, time: 5_000, state: STATE, previous: A, current: B, next: C, seats: TWELVE, withCurrent: true };
const second: Epoch = { number: 140, time: 5_600, state: octets(0x52), previous: B, current: C, next: D, seats: TWELVE };
const make = (epoch: Epoch): Uint8Array => makeEpochHeader(kernels, epoch, toySign).bytes;
const checkpoint = makeEpochHeader(kernels, first, toySign).hash;

/** Feeds a message and checks its signatures as a node would; answers what came out, and how many were checked. */
function feed(client: LightClient, bytes: Uint8Array, latest?: number): { effects: LightEffect[]; jobs: number } {
  client.handle(now, { type: 'epoch-header', bytes, ...(latest !== undefined && { latest }) });
  const effects: LightEffect[] = [];
  let jobs = 0;
  for (let effect = client.poll(); effect !== undefined; effect = client.poll()) {
    if (effect.type === 'crypto-job') {
      jobs += 1;
      client.handle(now, { type: 'crypto-done', job: effect.job, ok: hex(effect.signature) === hex(toySign(effect.key, effect.digest)) });
    } else effects.push(effect);
  }
  return { effects, jobs };
}

const fresh = (): LightClient => new LightClient({ kernels, genesis: GENESIS, checkpoint });
function anchored(): LightClient {
  const client = fresh();
  feed(client, make(first));
  equal(client.number, 100, 'anchored');
  return client;
}
const names = (effects: readonly LightEffect[]): string =>
  effects.map((each) => (each.type === 'refused' ? each.reason : each.type)).join(' ');
const refused = (client: LightClient, epoch: Epoch, reason: string, jobs = 0, latest?: number): void => {
  const before = client.number;
  const answer = feed(client, make(epoch), latest);
  equal(names(answer.effects), reason);
  equal(answer.jobs, jobs, `${reason}: signatures checked`);
  equal(client.number, before, 'believes no more');
};

suite('light client: headers', (t) => {
  t.test('starts from 32 octets, follows twelve signatures into the next epoch', () => {
    const client = fresh();
    equal(client.number, -1);
    equal(names(feed(client, make(first)).effects), 'keep advanced');
    equal(client.time, 5_000);
    const { effects, jobs } = feed(client, make(second));
    equal(names(effects), 'keep advanced');
    equal(jobs, 12);
    equal(client.number, 140);
    check(client.isEffective(5_779) && !client.isEffective(5_780), 'effective for 180 s');
  });

  t.test('a newer header of the same epoch counts too', () => {
    const client = anchored();
    equal(names(feed(client, make({ ...first, number: 110, time: 5_100, withCurrent: false })).effects), 'keep advanced');
    equal(names(feed(client, make(second)).effects), 'keep advanced');
  });

  t.test('goes on from what it kept', () => {
    const client = anchored();
    const kept = feed(client, make(second)).effects.find((each) => each.type === 'keep')!;
    const again = new LightClient({ kernels, genesis: GENESIS, checkpoint, kept: kept.bytes });
    equal(again.number, 140);
    refused(again, second, 'replayed');
    equal(names(feed(again, make({ ...second, number: 180, time: 6_000, previous: C, current: D, next: A })).effects), 'keep advanced');
    throws(() => new LightClient({ kernels, genesis: GENESIS, checkpoint, kept: octets(0) }), 'light-kept');
  });

  t.test('a holder of many seats signs once and counts for all of them', () => {
    const committee = concat(octets(90, 33 * 8), octets(91, 33 * 9));
    const client = fresh();
    const start: Epoch = { ...first, next: committee };
    const other = new LightClient({ kernels, genesis: GENESIS, checkpoint: makeEpochHeader(kernels, start, toySign).hash });
    feed(other, make(start));
    const next: Epoch = { ...second, current: committee, seats: [0, 8] };
    refused(other, { ...next, seats: [8] }, 'no-quorum');
    refused(other, { ...next, seats: [0, 1, 8] }, 'bad-seat');
    equal(names(feed(other, make(next)).effects), 'keep advanced');
    refused(client, next, 'not-the-checkpoint');
  });

  t.test('refuses what is stale, forged, forked or replayed, and says why', () => {
    const client = anchored();
    refused(client, { ...second, seats: TWELVE.slice(1) }, 'no-quorum');
    refused(client, { ...second, seats: [...TWELVE.slice(1), 11] }, 'bad-seat');
    refused(client, { ...second, seats: [...TWELVE.slice(1), 17] }, 'bad-seat');
    refused(client, { ...second, number: 99 }, 'replayed');
    refused(client, { ...second, time: 5_000 }, 'replayed');
    refused(client, first, 'replayed');
    refused(client, { ...second, previous: C, current: D, next: A }, 'unknown-committee');
    refused(client, { ...second, previous: D }, 'forked');
    refused(client, { ...first, number: 110, time: 5_100, next: D }, 'forked');
    refused(client, { ...second, genesis: octets(9) }, 'forged', 1);
    refused(client, second, 'too-early', 0, 5_539);
    equal(names(feed(client, make(second), 5_540).effects), 'keep advanced');
  });

  t.test('every octet of a message matters', () => {
    const bytes = make({ ...second, seats: TWELVE });
    let accepted = 0;
    for (let at = 0; at < bytes.length; at += 97) {
      const client = anchored();
      const bad = bytes.slice();
      bad[at]! ^= 1;
      const { effects } = feed(client, bad);
      if (names(effects) !== 'keep advanced') equal(client.number, 100);
      // The seal of the header is no part of what attesters sign: they sign its hash.
      else if (at >= 275 && at < 345) accepted += 1;
      else check(false, `octet ${at} was changed and nobody noticed`);
    }
    check(accepted > 0, 'the seal was reached');
  });

  t.test('one bad signature of twelve, and a truncated message', () => {
    const client = anchored();
    const bytes = makeEpochHeader(kernels, second, (key, digest) => (key[0] === 47 ? octets(1, 64) : toySign(key, digest))).bytes;
    const { effects, jobs } = feed(client, bytes);
    equal(names(effects), 'forged');
    equal(jobs, 8, 'stops at the bad one');
    const good = make(second);
    for (const length of [0, 1, 100, good.length - 1]) equal(names(feed(client, good.slice(0, length)).effects), 'undecodable');
    equal(names(feed(client, octets(0, 5_000)).effects), 'undecodable');
    equal(names(feed(client, good).effects), 'keep advanced');
  });

  t.test('one header at a time', () => {
    const client = anchored();
    client.handle(now, { type: 'epoch-header', bytes: make(second) });
    const job = client.poll()!;
    check(job.type === 'crypto-job', 'a signature is out');
    client.handle(now, { type: 'epoch-header', bytes: make(second) });
    equal(names([client.poll()!]), 'busy');
    throws(() => client.handle(now, { type: 'crypto-done', job: 999, ok: true }), 'light-job');
  });
});

suite('light client: proofs', (t) => {
  const address = octets(0xab, 20);
  const slot = octets(0);
  const hashed = (data: Uint8Array): Uint8Array => {
    const out = new Uint8Array(32);
    kernels.keccak256(out, data);
    return out;
  };
  const storage = deepProof(kernels, hashed(slot), Uint8Array.of(0x82, 0x01, 0xf4), 3);
  const account = deepProof(kernels, hashed(address), accountValue(5, Uint8Array.of(0x0d, 0xe0), storage.root), 4);
  const withState = (): LightClient => {
    const epoch: Epoch = { ...first, state: account.root };
    const client = new LightClient({ kernels, genesis: GENESIS, checkpoint: makeEpochHeader(kernels, epoch, toySign).hash });
    feed(client, make(epoch));
    return client;
  };
  const ask = (client: LightClient, nodes: readonly Uint8Array[], who = address, what: Uint8Array | undefined = slot): LightEffect[] => {
    client.handle(now, { type: 'ask', address: who, ...(what && { slot: what }) });
    for (const bytes of nodes) client.handle(now, { type: 'proof-node', bytes });
    const effects: LightEffect[] = [];
    for (let effect = client.poll(); effect !== undefined; effect = client.poll()) effects.push(effect);
    return effects;
  };

  t.test('account and slot, node by node', () => {
    const answer = ask(withState(), [...account.nodes, ...storage.nodes])[0]!;
    check(answer.type === 'answer', names([answer]));
    equal(answer.number, 100);
    equal(answer.account?.nonce, 5);
    same(answer.account!.balance, concat(octets(0, 30), Uint8Array.of(0x0d, 0xe0)));
    same(answer.slot!, concat(octets(0, 30), Uint8Array.of(0x01, 0xf4)));
  });

  t.test('account alone', () => {
    const client = withState();
    client.handle(now, { type: 'ask', address });
    for (const bytes of account.nodes) client.handle(now, { type: 'proof-node', bytes });
    const answer = client.poll()!;
    check(answer.type === 'answer' && answer.slot === undefined && answer.account?.nonce === 5, names([answer]));
  });

  t.test('any changed octet of any node is a forgery', () => {
    const client = withState();
    const nodes = [...account.nodes, ...storage.nodes];
    for (let i = 0; i < nodes.length; i += 1) {
      const bad = nodes.map((node, at) => (at === i ? node.slice() : node));
      bad[i]![bad[i]!.length >> 1]! ^= 4;
      equal(names(ask(client, bad.slice(0, i + 1))), 'forged', `node ${i}`);
    }
    equal(names(ask(client, nodes.slice(1))), 'forged no-question no-question no-question no-question no-question no-question no-question');
    equal(names(ask(client, [octets(0, 1_025)])), 'too-long');
    equal(names(ask(client, [octets(0, 0)])), 'forged');
  });

  t.test('before anything is believed, nothing can be asked', () => {
    throws(() => fresh().handle(now, { type: 'ask', address }), 'light-unanchored');
    const client = withState();
    throws(() => client.handle(now, { type: 'ask', address: octets(1, 19) }), 'light-lengths');
  });
});
