/** Content by the command line, on one box and between two; and what is shared privately: readers read it, nobody else does, on the wire or from a disk. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { seal, unseal, unwrap, wrap } from '../../hosts/box/content/index.js';
import { Problem } from '../../hosts/node/index.js';
import { assertProblem, inside } from '../cli/meshbox.js';
import { startContentBox } from './content-box.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-private-'));
const [home, other] = [await startContentBox(), await startContentBox()];
after(async () => {
  await home.destroy();
  await other.destroy();
  await rm(folder, { recursive: true });
});
const at = (name: string): string => join(folder, name);
const collect = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};
/** One command of somebody at a box. */
async function meshbox<T>(who: string, box: { readonly url: string }, ...args: string[]): Promise<T> {
  process.env['MESHBOX_KEY'] = at(`${who}.key`);
  const ran = await inside(['--json', '--api', box.url, ...args]);
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out) as T;
}
async function refused(
  who: string,
  box: { readonly url: string },
  code: number,
  message: RegExp,
  remedy: RegExp,
  ...args: string[]
): Promise<void> {
  process.env['MESHBOX_KEY'] = at(`${who}.key`);
  assertProblem(await inside(['--api', box.url, ...args]), code, message, remedy);
}

test('add, ls, pin, get, rm: a file and a folder, here and on another box', { timeout: 60_000 }, async () => {
  const photo = randomBytes(1_500_000);
  await writeFile(at('photo.jpg'), photo);
  const { cid } = await meshbox<{ cid: string }>('ana', home, 'add', at('photo.jpg'));
  assert.equal((await meshbox<{ cid: string }>('ana', home, 'add', at('photo.jpg'))).cid, cid, 'again is the same');
  const { items } = await meshbox<{ items: { cid: string; name: string; class: string; mediaType: string }[] }>('ana', home, 'ls');
  assert.deepEqual(
    items.map(({ cid: each, name, class: kept, mediaType }) => ({ each, name, kept, mediaType })),
    [{ each: cid, name: 'photo.jpg', kept: 'mine', mediaType: 'image/jpeg' }],
  );
  await meshbox('ben', other, 'get', cid, '--from', home.url, '-o', at('copy.jpg'));
  assert.deepEqual(await readFile(at('copy.jpg')), photo);
  assert.equal(other.store.entry(cid)?.root?.class, 'cache', 'it is cached on the way');

  await mkdir(at('site/sub'), { recursive: true });
  await mkdir(at('site/empty'));
  await writeFile(at('site/index.html'), '<h1>Hi</h1>');
  await writeFile(at('site/sub/film.bin'), randomBytes(200_000));
  const site = await meshbox<{ cid: string; files: number }>('ana', home, 'add', at('site'));
  assert.equal(site.files, 3);
  await meshbox('ben', other, 'get', site.cid, '--from', home.url, '-o', at('site.car'));
  await meshbox('ben', other, 'pin', site.cid, '--class', 'paid');
  await meshbox('ana', home, 'rm', site.cid);
  assert.deepEqual(
    home.store.roots().map((entry) => entry.cid),
    [cid],
  );
  const back = await meshbox<{ roots: string[]; missing: string[] }>('ana', home, 'add', '--car', at('site.car'));
  assert.deepEqual([back.roots, back.missing], [[site.cid], []], 'by a stick, it is back');
});

test('bad input is named with its remedy', async () => {
  await refused('ana', home, 2, /no file/, /existing/, 'add', at('nothing'));
  await refused(
    'ana',
    home,
    5,
    /bafkrei\w+ is not on the box/,
    /--from/,
    'get',
    'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    '-o',
    at('x'),
  );
  await refused('ana', home, 1, /CAR cannot be read/, /copy it again/, 'add', '--car', at('photo.jpg'));
  await refused('ana', home, 2, /not the name of a reader/, /meshbox key/, 'share', at('photo.jpg'), '--to', 'bob');
});

test(
  'private: readers read it; a stranger, the wire and both disks show no plaintext; a reader added later needs no new copy',
  { timeout: 60_000 },
  async () => {
    const marker = 'only for Ben and Cleo: ';
    const secret = Buffer.concat(Array.from({ length: 9_000 }, () => Buffer.from(marker)));
    await writeFile(at('letter.txt'), secret);
    const { reader } = await meshbox<{ reader: string }>('ben', other, 'key');
    // Everything between the two boxes passes here.
    const wire: Buffer[] = [];
    const tap = createServer((near) => {
      const far = connect(Number(new URL(home.url).port), '127.0.0.1');
      near
        .on('data', (piece) => (wire.push(Buffer.from(piece)), far.write(piece)))
        .on('error', () => undefined)
        .on('close', () => far.destroy());
      far
        .on('data', (piece: Buffer) => (wire.push(Buffer.from(piece)), near.write(piece)))
        .on('error', () => undefined)
        .on('close', () => near.destroy());
    }).listen(0, '127.0.0.1');
    await once(tap, 'listening');
    const link = { url: `http://127.0.0.1:${(tap.address() as AddressInfo).port}` };
    try {
      const { cid, keys } = await meshbox<{ cid: string; keys: string }>('ana', link, 'share', at('letter.txt'), '--to', reader);
      await meshbox('ben', other, 'get', cid, '--keys', keys, '--from', link.url, '-o', at('ben.txt'));
      assert.deepEqual(await readFile(at('ben.txt')), secret);
      await meshbox('ana', home, 'get', cid, '--keys', keys, '-o', at('ana.txt'));
      await refused('eve', other, 1, /this key does not open it/, /share it/, 'get', cid, '--keys', keys, '-o', at('eve.txt'));
      assert.equal(
        (await readdir(folder)).some((name) => name.includes('eve.txt')),
        false,
        'not one octet is left at a stranger',
      );
      // Cleo comes later: the same identity wrapped again, the sealed file untouched.
      const cleo = await generateX25519Identity();
      const ana = (await readFile(at('ana.key'), 'utf8')).trim();
      const fileIdentity = await unwrap(await home.store.read(keys, 0, Infinity), ana);
      const again = await wrap(fileIdentity, [await identityToRecipient(cleo)]);
      assert.deepEqual(await collect(unseal(home.store.stream(cid), await unwrap(again, cleo))), secret);
      await assert.rejects(
        unwrap(again, (await readFile(at('ben.key'), 'utf8')).trim()),
        (error) => error instanceof Problem && error.code === 'not-a-reader',
      );
      assert.ok(wire.length > 5);
      assert.equal(Buffer.concat(wire).includes(marker), false, 'on the wire');
      for (const box of [home, other])
        for (const name of await readdir(box.folder, { recursive: true }))
          assert.equal(
            (await readFile(join(box.folder, name)).catch(() => Buffer.alloc(0))).includes(marker),
            false,
            `on the disk: ${name}`,
          );
      // The checks above can fail: an unprotected copy is found by the same search.
      await meshbox('ana', home, 'add', at('letter.txt'));
      const found = await Promise.all(
        (await readdir(home.folder, { recursive: true })).map((name) => readFile(join(home.folder, name)).catch(() => Buffer.alloc(0))),
      );
      assert.ok(found.some((bytes) => bytes.includes(marker)));
    } finally {
      tap.close();
    }
  },
);

test('sealed files are age files: the library opens ours and we open its, at every edge of a chunk; damage is found', async () => {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
    const plain = randomBytes(size);
    const ours = await collect(seal([plain], recipient));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    assert.deepEqual(Buffer.from(await decrypter.decrypt(ours)), plain, `${size} sealed by us`);
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const theirs = Buffer.from(await encrypter.encrypt(plain));
    assert.deepEqual(
      await collect(unseal([theirs.subarray(0, 50), theirs.subarray(50)], identity)),
      plain,
      `${size} sealed by the library`,
    );
    for (const at of [ours.length - 1, ours.length - 17]) {
      const bad = Buffer.from(ours);
      bad[at]! ^= 1;
      await assert.rejects(collect(unseal([bad], identity)), Problem);
    }
    await assert.rejects(collect(unseal([ours.subarray(0, ours.length - 16)], identity)), Problem, `${size} cut short`);
  }
  await assert.rejects(collect(unseal([randomBytes(200)], identity)), Problem);
});
