/** The light client with real signatures: twelve of seventeen over five changes of committee, and a committee that is bought in part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildKernels } from '../../assembly/build.mjs';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { concat, hex, millis } from '../../firmware/core/base/index.js';
import { LightClient, type LightEffect } from '../../firmware/core/light/index.js';
import { GENESIS, makeEpochHeader, octets, type Epoch, type Sign } from '../portable/light-chain.js';

await buildKernels();
const { kernels, curve } = loadWasmKernels();

const secrets = new Map<string, Uint8Array>();
function committee(first: number): Uint8Array {
  return concat(
    ...Array.from({ length: 17 }, (_, seat) => {
      const secret = octets(0);
      secret[30] = first;
      secret[31] = seat + 1;
      const key = new Uint8Array(33);
      assert.ok(curve.publicKey(key, secret));
      secrets.set(hex(key), secret);
      return key;
    }),
  );
}
const sign: Sign = (key, digest) => {
  const signature = new Uint8Array(65);
  curve.sign(signature, digest, secrets.get(hex(key))!);
  return signature.subarray(0, 64);
};

function feed(client: LightClient, bytes: Uint8Array): { names: string; jobs: number } {
  client.handle(millis(0), { type: 'epoch-header', bytes });
  const effects: LightEffect[] = [];
  let jobs = 0;
  for (let effect = client.poll(); effect !== undefined; effect = client.poll()) {
    if (effect.type === 'crypto-job') {
      jobs += 1;
      const ok = curve.verify(effect.signature, effect.digest, effect.key, true);
      client.handle(millis(0), { type: 'crypto-done', job: effect.job, ok });
    } else effects.push(effect);
  }
  return { names: effects.map((each) => (each.type === 'refused' ? each.reason : each.type)).join(' '), jobs };
}

const committees = Array.from({ length: 8 }, (_, i) => committee(i + 1));
const seats = [0, 1, 2, 4, 5, 7, 8, 10, 11, 13, 15, 16];
const epoch = (i: number): Epoch => ({
  number: 34 * i,
  time: 10_000 + 476 * i,
  state: octets(i),
  previous: committees[i]!,
  current: committees[i + 1]!,
  next: committees[i + 2]!,
  seats,
});
const start = { ...epoch(1), withCurrent: true };
const anchored = (): LightClient => {
  const { bytes, hash } = makeEpochHeader(kernels, start, sign);
  const client = new LightClient({ kernels, genesis: GENESIS, checkpoint: hash });
  assert.equal(feed(client, bytes).names, 'keep advanced');
  return client;
};

test('follows the committees by twelve signatures each', () => {
  const client = anchored();
  for (let i = 2; i <= 5; i += 1)
    assert.deepEqual(feed(client, makeEpochHeader(kernels, epoch(i), sign).bytes), { names: 'keep advanced', jobs: 12 });
  assert.equal(client.number, 170);
});

test('a skipped epoch is not believed, and is once the one between is there', () => {
  const client = anchored();
  const third = makeEpochHeader(kernels, epoch(3), sign).bytes;
  assert.equal(feed(client, third).names, 'unknown-committee');
  assert.equal(feed(client, makeEpochHeader(kernels, epoch(2), sign).bytes).names, 'keep advanced');
  assert.equal(feed(client, third).names, 'keep advanced');
});

test('eleven of seventeen who sign a rival header convince nobody; malleable signatures neither', () => {
  const rival = { ...epoch(2), state: octets(0xee) };
  assert.equal(feed(anchored(), makeEpochHeader(kernels, { ...rival, seats: seats.slice(0, 11) }, sign).bytes).names, 'no-quorum');
  const forging: Sign = (key, digest) => (hex(key) === hex(committees[3]!.subarray(16 * 33)) ? octets(3, 64) : sign(key, digest));
  assert.equal(feed(anchored(), makeEpochHeader(kernels, rival, forging).bytes).names, 'forged');
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const highS: Sign = (key, digest) => {
    const signature = sign(key, digest);
    const s = (order - BigInt(`0x${hex(signature.subarray(32))}`)).toString(16).padStart(64, '0');
    return concat(signature.subarray(0, 32), Buffer.from(s, 'hex'));
  };
  assert.equal(feed(anchored(), makeEpochHeader(kernels, epoch(2), highS).bytes).names, 'forged');
});

test('a header of a chain with another genesis is a forgery', () => {
  assert.equal(feed(anchored(), makeEpochHeader(kernels, { ...epoch(2), genesis: octets(1) }, sign).bytes).names, 'forged');
});
