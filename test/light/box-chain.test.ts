/** The light client on what real boxes make: five of them in virtual time, their epoch headers, and a balance by their own proofs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getMerkleStateProof } from '@ethereumjs/statemanager';
import { ByteWriter, hex, millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { LightClient, type LightEffect } from '../../firmware/core/light/index.js';
import { decodeOuterHeader, encodeEpochHeader, EPOCH_HEADER_MAX, type EpochHeader } from '../../firmware/core/wire/index.js';
import { addressFrom } from '../../hosts/box/chain/chain.js';
import { consensusCrypto } from '../../hosts/box/chain/crypto.js';
import { RICH, World } from '../chain/world.js';

const kernels = createKernels();
const SLOT = 14;
const EPOCH = 6;

const octetsOf = (message: EpochHeader): Uint8Array => {
  const w = new ByteWriter(new Uint8Array(EPOCH_HEADER_MAX));
  encodeEpochHeader(w, message);
  return w.buffer.slice(0, w.at);
};
const hashOf = (message: EpochHeader): Uint8Array => {
  const out = new Uint8Array(32);
  kernels.keccak256(out, message.header.subarray(0, 269));
  return out;
};

function feed(client: LightClient, bytes: Uint8Array): LightEffect[] {
  client.handle(millis(0), { type: 'epoch-header', bytes });
  const effects: LightEffect[] = [];
  for (let effect = client.poll(); effect !== undefined; effect = client.poll()) {
    if (effect.type === 'crypto-job') {
      const ok = consensusCrypto.verifySignature(effect.signature, effect.digest, effect.key);
      client.handle(millis(0), { type: 'crypto-done', job: effect.job, ok });
    } else effects.push(effect);
  }
  return effects;
}
const names = (effects: readonly LightEffect[]): string =>
  effects.map((each) => (each.type === 'refused' ? each.reason : each.type)).join(' ');

test('follows the epochs of five boxes and reads a balance that they prove', { timeout: 300_000 }, async (t) => {
  const world = new World([100, 200, 300, 400, 500], { epoch: EPOCH });
  t.after(() => world.stop());
  await world.startAll();
  await world.run(6 * EPOCH * SLOT);
  const chain = world.alive[0]!;
  const epochs = Array.from({ length: chain.final.reign.epoch }, (_, epoch) => chain.epochHeader(epoch)!);
  assert.ok(epochs.length >= 4, `${epochs.length} epochs`);
  const [first, ...rest] = epochs;
  const genesis = chain.genesis;
  const client = new LightClient({ kernels, genesis, checkpoint: hashOf(first!) });
  assert.equal(names(feed(client, octetsOf(first!))), 'keep advanced');
  for (const message of rest) assert.equal(names(feed(client, octetsOf(message))), 'keep advanced');
  assert.equal(names(feed(client, octetsOf(rest.at(-1)!))), 'replayed');

  const header = decodeOuterHeader(rest.at(-1)!.header, 0, 334);
  assert.ok(typeof header !== 'number');
  assert.equal(client.number, header.number);
  const proof = await getMerkleStateProof(chain.engine.state(header.state), addressFrom(RICH), []);
  client.handle(millis(0), { type: 'ask', address: addressFrom(RICH).bytes });
  for (const node of proof.accountProof) client.handle(millis(0), { type: 'proof-node', bytes: Buffer.from(node.slice(2), 'hex') });
  const answer = client.poll()!;
  assert.ok(answer.type === 'answer', names([answer]));
  assert.equal(BigInt(`0x${hex(answer.account!.balance)}`), 10n ** 24n);
});
