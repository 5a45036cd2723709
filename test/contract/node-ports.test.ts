/** hosts/node against the contract of each port, and what only files can do: corruption, modes, names. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { createClock, openFileSigner, openFileStore, openSerial, Problem, systemRandom } from '../../hosts/node/index.js';
import { joinPtys, openPty } from '../serial/pty.js';
import { clockContract, randomContract, serialContract, signerContract, storeContract } from './ports.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-ports-'));
after(() => rm(folder, { recursive: true }));
const kernels = { curve: createCurveKernels(), hashes: createKernels() };
const fail = (error: unknown): void => assert.fail(String(error));

clockContract('Node', createClock());
randomContract('Node', systemRandom);
storeContract('files', async () => {
  const store = await openFileStore(join(folder, 'store'), fail);
  return { store, close: () => store.settled() };
});
signerContract('key file', () => openFileSigner(join(folder, 'a.key'), kernels), kernels.curve, kernels.hashes);
serialContract('ptys', async () => {
  const [left, right] = [await openPty(), await openPty()];
  joinPtys(left, right, { lost: 0, doubled: 0, corrupted: 0 }, 1);
  const ports = [await openSerial(left.device), await openSerial(right.device)] as const;
  return {
    ports,
    async close() {
      await Promise.all(ports.map((port) => port.close()));
      await Promise.all([left.unplug(), right.unplug()]);
    },
  };
});

test('a damaged value is named and moved aside; the others stay', async () => {
  const path = join(folder, 'damaged');
  const store = await openFileStore(path, fail);
  for (const key of ['one', 'two', 'three']) await new Promise<void>((done) => store.put(key, Buffer.from(key), done));
  const bytes = await readFile(join(path, 'two'));
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(join(path, 'two'), bytes);
  await writeFile(join(path, 'three'), bytes.subarray(0, 10));
  const again = await openFileStore(path, fail);
  assert.deepEqual([...again.corrupt].map(({ file }) => file).sort(), [join(path, 'three'), join(path, 'two')]);
  assert.deepEqual(again.get('one'), new Uint8Array(Buffer.from('one')));
  assert.equal(again.get('two'), undefined);
  assert.deepEqual((await readdir(join(path, 'corrupt'))).sort(), ['three', 'two']);
  assert.equal((await openFileStore(path, fail)).corrupt.length, 0, 'only once');
});

test('a write that fails is reported, and its `done` never comes', async () => {
  const path = join(folder, 'gone');
  const failures: unknown[] = [];
  const store = await openFileStore(path, (error) => failures.push(error));
  await rm(path, { recursive: true });
  store.put('a', new Uint8Array(1), () => assert.fail('not durable'));
  await store.settled();
  assert.equal(failures.length, 1);
});

test('the key file: closed to others, stable, without the secret in any error', async () => {
  const file = join(folder, 'b.key');
  const first = await openFileSigner(file, kernels);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual((await openFileSigner(file, kernels)).key, first.key);
  const text = await readFile(file, 'utf8');
  const secret = text.split('\n')[1]!;

  const failsWith = async (code: string): Promise<void> =>
    assert.rejects(openFileSigner(file, kernels), (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.code, code);
      assert.ok(error.message.includes(file) && error.remedy.length > 20);
      assert.ok(!JSON.stringify([error.message, error.remedy, error.stack]).includes(secret.slice(0, 16)));
      return true;
    });
  await chmod(file, 0o644);
  await failsWith('key-mode');
  await chmod(file, 0o600);
  for (const damaged of [
    '',
    text.slice(0, 40),
    text.replace(secret, secret.slice(1) + (secret.startsWith('0') ? '1' : '0')),
    text.replace('key 1', 'key 2'),
    text + 'more\n',
  ]) {
    await writeFile(file, damaged);
    await failsWith('key-corrupt');
  }
  assert.equal(await readFile(file, 'utf8'), text + 'more\n', 'a damaged key file is left as it is');
});
