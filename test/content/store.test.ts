/** The content store: CIDs as IPFS gives them, verified reads, one copy of everything, classes, quotas, and what damage and a full store do. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { CID } from 'multiformats/cid';
import {
  addTree,
  ContentStore,
  LEAF,
  octetsOfFile,
  PIECE,
  resolve,
  sha256,
  treeOf,
  walk,
  type ContentOptions,
} from '../../hosts/box/store/index.js';
import { Problem } from '../../hosts/node/index.js';
import { randomTree, type TreeOfFiles } from './random-trees.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-content-'));
after(() => rm(folder, { recursive: true }));
let places = 0;
const fresh = (options?: ContentOptions): Promise<ContentStore> => ContentStore.open(join(folder, String((places += 1))), options);

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

/** What lies on the disk, to compare with what the store says. */
async function onDisk(store: ContentStore): Promise<number> {
  let total = 0;
  for (const name of await readdir(join(store.folder, 'data'))) total += (await stat(join(store.folder, 'data', name))).size;
  return total;
}

async function reference(tree: readonly TreeOfFiles[]): Promise<string> {
  let root = '';
  const source = tree.map(({ path, bytes }) => (bytes ? { path, content: bytes } : { path }));
  for await (const { cid } of importer(source, { put: (cid: CID) => cid }, { profile: 'unixfs-v1-2025', wrapWithDirectory: true }))
    root = cid.toString();
  return root;
}

async function addRandom(store: ContentStore, tree: readonly TreeOfFiles[]): Promise<string> {
  return store.holding(async (part) => {
    const files = [];
    for (const { path, bytes } of tree) files.push(bytes ? { path, cid: (await store.add(once(bytes), { part })).cid } : { path });
    return (await addTree(store, files, { name: 'tree' })).cid;
  });
}

test('random trees: the same CIDs as the importer, the same octets back, and the disk adds up', { timeout: 240_000 }, async () => {
  const store = await fresh();
  const trees = Number(process.env['MESHBOX_TREES'] ?? 60);
  for (let seed = 0; seed < trees; seed += 1) {
    const tree = randomTree(seed);
    const cid = await addRandom(store, tree);
    assert.equal(cid, await reference(tree), `tree ${seed}`);
    const { path, bytes } = tree.find((each) => each.bytes) ?? tree[0]!;
    if (!bytes) continue;
    const parts = [];
    for await (const part of octetsOfFile(store, await resolve(store, CID.parse(cid), path.split('/')))) parts.push(part);
    assert.deepEqual(Buffer.concat(parts), Buffer.from(bytes), `tree ${seed}, ${path}`);
  }
  assert.equal(await onDisk(store), store.stored);
  await store.close();
  const again = await ContentStore.open(store.folder);
  assert.equal(again.stored, store.stored);
  assert.equal(again.roots().length, store.roots().length);
  for (const { cid } of again.roots()) await again.delete(cid);
  assert.equal(again.stored, 0);
  assert.deepEqual(await readdir(join(store.folder, 'data')), []);
  await again.close();
});

test('a folder that needs sharding has the CID of the importer', async () => {
  const store = await fresh();
  const tree = Array.from({ length: 6_000 }, (_, i) => ({
    path: `a name that takes some room in the node, number ${i}`,
    bytes: new Uint8Array([1]),
  }));
  const { cid } = await store.add(once(tree[0]!.bytes));
  const { cid: root } = await addTree(
    store,
    tree.map(({ path }) => ({ path, cid })),
    {},
  );
  assert.equal(root, await reference(tree));
  const found = await resolve(store, CID.parse(root), [tree[4_321]!.path]);
  assert.equal(found.cid.toString(), cid);
  await store.close();
});

test('trees of every height: the layout over hashes is the importer over octets', async () => {
  const shape = { leaf: 16, links: 4 };
  for (const octets of [1, 16, 17, 63, 64, 65, 16 * 16, 16 * 16 + 1, 16 * 17, 16 * 64 + 3, 5_000]) {
    const bytes = randomBytes(octets);
    const leaves = Buffer.concat(Array.from({ length: Math.ceil(octets / 16) }, (_, i) => sha256(bytes.subarray(i * 16, i * 16 + 16))));
    const options = {
      profile: 'unixfs-v1-2025',
      chunker: fixedSize({ chunkSize: 16 }),
      layout: balanced({ maxChildrenPerNode: 4 }),
    } as const;
    for await (const { cid, size } of importer([{ content: bytes }], { put: (key: CID) => key }, options)) {
      const tree = treeOf(leaves, octets, shape);
      assert.equal(tree.root.toString(), cid.toString(), `${octets} octets`);
      assert.equal(BigInt(tree.size), size, `size of ${octets} octets`);
    }
  }
});

test('every range reads as the file does; every block of it is served', async () => {
  const store = await fresh();
  const bytes = randomBytes(3 * LEAF + 12_345);
  const { cid } = await store.add(once(bytes));
  for (const [at, octets] of [
    [0, 1],
    [PIECE - 1, 2],
    [LEAF - 1, 3],
    [100, 3 * LEAF],
    [bytes.length - 5, 100],
    [bytes.length, 10],
    [0, Infinity],
  ] as const)
    assert.deepEqual(await store.read(cid, at, octets), bytes.subarray(at, at + octets), `${octets} from ${at}`);
  const { tree } = await store.outboard(cid);
  for (const { cid: node, bytes: expected } of tree.nodes) assert.deepEqual(await store.block(node), expected);
  const leaf = (await store.outboard(cid)).leaf(1);
  const { cidOf, RAW } = await import('../../hosts/box/store/unixfs.js');
  assert.deepEqual(await store.block(cidOf(leaf, RAW)), bytes.subarray(LEAF, 2 * LEAF));
  assert.equal(await store.block(cidOf(sha256(randomBytes(9)), RAW)), undefined);
  await store.close();
});

test('the same octets twice are one copy; the stronger class keeps it', async () => {
  const store = await fresh();
  const bytes = randomBytes(200_000);
  const first = await store.add(once(bytes), { class: 'cache' });
  const used = store.stored;
  await store.add(once(bytes), { class: 'mine', name: 'kept' });
  await store.add(once(bytes), { class: 'paid' });
  assert.equal(store.stored, used);
  assert.deepEqual(store.usage(), { mine: used, paid: 0, cache: 0, partial: 0 });
  assert.equal(store.entry(first.cid)?.root?.name, 'kept');
  assert.equal(await onDisk(store), used);
  await store.close();
});

test('quota: cache goes first, the longest unused before the others; then a clear refusal that changes nothing', async () => {
  const store = await fresh({ quota: 1_000_000 });
  const add = async (kept: 'mine' | 'paid' | 'cache', octets = 200_000): Promise<string> =>
    (await store.add(once(randomBytes(octets)), { class: kept })).cid;
  const mine = await add('mine');
  const [old, middle, young] = [await add('cache'), await add('cache'), await add('cache')];
  store.touch(old);
  await add('mine', 300_000);
  assert.deepEqual(
    [old, middle, young].map((cid) => store.entry(cid) !== undefined),
    [true, false, true],
  );
  await add('paid', 300_000);
  assert.deepEqual(
    [old, young].map((cid) => store.entry(cid) !== undefined),
    [false, false],
  );
  const before = store.stored;
  await assert.rejects(
    add('mine', 300_000),
    (error) => error instanceof Problem && error.code === 'quota' && /meshbox rm/.test(error.remedy),
  );
  assert.equal(store.stored, before);
  assert.equal(await onDisk(store), before);
  assert.deepEqual(await readdir(join(store.folder, 'incoming')), []);
  assert.ok(store.entry(mine));
  await store.close();
});

test('a class has a quota of its own, and partial files count', async () => {
  const store = await fresh({ quota: 1_000_000, classQuota: { cache: 300_000 } });
  const first = await store.add(once(randomBytes(200_000)), { class: 'cache' });
  await store.add(once(randomBytes(200_000)), { class: 'cache' });
  assert.equal(store.entry(first.cid), undefined, 'the cache stays within its own');
  const partial = await store.partial('x'.repeat(10), 700_000);
  await assert.rejects(store.add(once(randomBytes(500_000))), /do not fit/);
  await partial.close();
  await store.discard('x'.repeat(10));
  await store.add(once(randomBytes(500_000)));
  await store.close();
});

test('bit rot: never read, found by a scrub, repaired from another holder where one has it', async () => {
  const [store, other] = [await fresh(), await fresh()];
  const bytes = randomBytes(LEAF + 3 * PIECE);
  const { cid } = await store.add(once(bytes));
  await other.add(once(bytes));
  const flip = async (file: string, at: number): Promise<void> => {
    const handle = await open(file, 'r+');
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
    await handle.write(Buffer.of(buffer[0]! ^ 0x10), 0, 1, at);
    await handle.close();
  };
  const nobody = (): Promise<undefined> => Promise.resolve(undefined);
  const neighbour = (each: string, at: number, octets: number): Promise<Buffer> => other.read(each, at, octets);
  assert.deepEqual(await store.scrub(nobody), []);

  await flip(store.path(cid), LEAF + 5);
  await assert.rejects(store.read(cid, LEAF, 10), (error) => error instanceof Problem && error.code === 'damaged');
  assert.deepEqual(await store.read(cid, 0, 10), bytes.subarray(0, 10), 'the rest is still good');
  assert.deepEqual(await store.scrub(nobody), [{ cid, what: 'damaged', repaired: false }]);
  const liar = (_: string, __: number, octets: number): Promise<Buffer> => Promise.resolve(randomBytes(octets));
  assert.deepEqual(await store.scrub(liar), [{ cid, what: 'damaged', repaired: false }]);
  assert.deepEqual(await store.scrub(neighbour), [{ cid, what: 'damaged', repaired: true }]);
  assert.deepEqual(await store.read(cid, 0, Infinity), bytes);

  await flip(`${store.path(cid)}.ob`, 40);
  assert.deepEqual(await store.scrub(nobody), [{ cid, what: 'damaged', repaired: true }], 'hashes are made again from the file');
  await truncate(store.path(cid), LEAF + 7);
  await assert.rejects(store.read(cid, 0, Infinity), /damaged/);
  assert.deepEqual(await store.scrub(neighbour), [{ cid, what: 'damaged', repaired: true }]);
  await rm(store.path(cid));
  assert.deepEqual(await store.scrub(neighbour), [{ cid, what: 'missing', repaired: true }]);
  assert.deepEqual(await store.read(cid, 0, Infinity), bytes);
  assert.deepEqual(await store.scrub(nobody), []);
  await store.close();
  await other.close();
});

test('paths that climb or trick are refused, and so is a folder of what is not here', async () => {
  const store = await fresh();
  const { cid } = await store.add(once(randomBytes(10)));
  for (const path of ['../a', '/etc/passwd', 'a/../../b', 'a//b', '.', '', 'a\\b', 'nul\0'])
    await assert.rejects(addTree(store, [{ path, cid }], {}), (error) => error instanceof Problem && error.code === 'bad-request', path);
  await assert.rejects(
    addTree(store, [{ path: 'a', cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' }], {}),
    (error) => error instanceof Problem && error.code === 'not-found',
  );
  const deep = Array.from({ length: 200 }, (_, i) => `d${i}`).join('/');
  const tree = await addTree(store, [{ path: deep, cid }], {});
  assert.equal((await resolve(store, CID.parse(tree.cid), deep.split('/'))).cid.toString(), cid);
  let seen = 0;
  for await (const { path } of walk(store, CID.parse(tree.cid))) seen += path === '' ? 0 : 1;
  assert.equal(seen, 201);
  await store.close();
});

test('a store of the first format is taken over, file by file', async () => {
  const bytes = randomBytes(5_000);
  const name = Buffer.from(sha256(bytes)).toString('hex');
  const place = join(folder, 'legacy');
  await (await ContentStore.open(place)).close();
  await writeFile(join(place, name), bytes);
  const store = await ContentStore.open(place);
  assert.deepEqual(await store.read(store.bySha256(name)!.cid, 0, Infinity), bytes);
  assert.deepEqual((await readdir(place)).sort(), ['data', 'incoming', 'index', 'partial']);
  await store.close();
});
