/** What every implementation of a port must do; one suite per port, run against each implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '../../firmware/core/base/index.js';
import type { Clock, CurveKernels, Kernels, Random, Serial, Signer, Store } from '../../firmware/core/ports/index.js';

export function clockContract(name: string, clock: Clock): void {
  test(`Clock, ${name}: monotonic, in whole milliseconds, and no wall time that nobody vouched for`, async () => {
    let last = clock.now().mono;
    for (let i = 0; i < 1_000; i += 1) {
      const { mono, wall, error } = clock.now();
      assert.ok(mono >= last && Number.isInteger(mono));
      assert.ok(wall !== undefined || error > 1e15, 'without wall time the error is unbounded');
      last = mono;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(clock.now().mono > last, 'it runs');
  });
}

export function randomContract(name: string, random: Random): void {
  const draw = (length: number): Promise<Uint8Array> => new Promise((resolve) => random.request(length, resolve));
  test(`Random, ${name}: as many octets as asked for, split-phase, never the same twice`, async () => {
    let answered = false;
    random.request(1, () => (answered = true));
    assert.equal(answered, false, 'the answer never comes inside the call');
    for (const length of [1, 16, 32, 100]) assert.equal((await draw(length)).length, length);
    assert.notDeepEqual(await draw(16), await draw(16));
  });
}

/** @param open opens the same store again each time, as after a restart */
export function storeContract(name: string, open: () => Promise<{ readonly store: Store; close(): Promise<void> }>): void {
  const put = (store: Store, key: string, value: Uint8Array): Promise<void> => new Promise((resolve) => store.put(key, value, resolve));

  test(`Store, ${name}: what is done is there after a restart; keys do not touch each other`, async () => {
    const first = await open();
    await put(first.store, 'a', new Uint8Array([1, 2, 3]));
    await put(first.store, 'fifteen-letters', new Uint8Array(0));
    await put(first.store, 'b', new Uint8Array(1_000).fill(7));
    await put(first.store, 'a', new Uint8Array([4]));
    await new Promise<void>((resolve) => first.store.delete('b', resolve));
    await first.close();
    const second = await open();
    assert.deepEqual(second.store.get('a'), new Uint8Array([4]));
    assert.deepEqual(second.store.get('fifteen-letters'), new Uint8Array(0));
    assert.equal(second.store.get('b'), undefined);
    assert.equal(second.store.get('never'), undefined);
    await second.close();
  });

  test(`Store, ${name}: writes asked for at once finish in order, and the value given is copied`, async () => {
    const { store, close } = await open();
    const value = new Uint8Array([0]);
    const order: number[] = [];
    const done = Array.from({ length: 5 }, (_, i) => {
      value[0] = i;
      return put(store, 'c', value).then(() => order.push(i));
    });
    value[0] = 99;
    await Promise.all(done);
    await close();
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
    const again = await open();
    assert.deepEqual(again.store.get('c'), new Uint8Array([4]));
    await again.close();
  });

  test(`Store, ${name}: a key that flash storage could not hold is our own misuse`, async () => {
    const { store, close } = await open();
    for (const key of ['', 'sixteen-letters-', 'a/b', '../a', 'ä', 'corrupt'])
      assert.throws(() => store.put(key, new Uint8Array(1), () => undefined), CodedError, key);
    await close();
  });
}

export function signerContract(name: string, open: () => Promise<Signer>, curve: CurveKernels, hashes: Kernels): void {
  const key = (signer: Signer): Promise<Uint8Array> => new Promise((resolve) => signer.publicKey(resolve));

  test(`Signer, ${name}: signs for the key that it names, low S, recoverable`, async () => {
    const signer = await open();
    const digest = new Uint8Array(32).fill(9);
    const signature = await new Promise<Uint8Array>((resolve) => signer.sign(digest, resolve));
    assert.equal(signature.length, 65);
    assert.ok(curve.verify(signature.subarray(0, 64), digest, await key(signer), true));
    const recovered = new Uint8Array(33);
    assert.ok(curve.recover(recovered, signature, digest));
    assert.deepEqual(recovered, await key(signer));
  });

  test(`Signer, ${name}: both ends of an ECDH get sha256 of the same point; what is no point gives undefined`, async () => {
    const signer = await open();
    const secret = new Uint8Array(32).fill(5);
    const peer = new Uint8Array(33);
    curve.publicKey(peer, secret);
    const ours = await new Promise((resolve) => signer.ecdh(peer, resolve));
    const point = new Uint8Array(33);
    curve.ecdh(point, secret, await key(signer));
    const theirs = new Uint8Array(32);
    hashes.sha256(theirs, point);
    assert.deepEqual(ours, theirs);
    assert.equal(await new Promise((resolve) => signer.ecdh(new Uint8Array(33).fill(0xff), resolve)), undefined);
  });
}

/** @param open two ports that are joined */
export function serialContract(
  name: string,
  open: () => Promise<{ readonly ports: readonly [Serial, Serial]; close(): Promise<void> }>,
): void {
  test(`Serial, ${name}: octets of every value pass both ways, in order, and writing takes room`, { timeout: 20_000 }, async () => {
    const { ports, close } = await open();
    const all = new Uint8Array(256).map((_, i) => i);
    for (const [from, to] of [ports, [ports[1], ports[0]]] as const) {
      const received: number[] = [];
      const complete = new Promise<void>((resolve) =>
        to.onReceive((bytes) => {
          received.push(...bytes);
          if (received.length >= all.length) resolve();
        }),
      );
      const room = from.room();
      assert.ok(room >= 128, 'room for a frame');
      from.write(all.subarray(0, 100));
      assert.ok(from.room() <= room);
      while (from.room() < 156) await new Promise((resolve) => setTimeout(resolve, 1));
      from.write(all.subarray(100));
      await complete;
      assert.deepEqual(new Uint8Array(received), all);
    }
    await close();
  });
}
