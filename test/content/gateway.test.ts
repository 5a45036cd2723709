/** The interfaces that people already have: the trustless gateway, CAR files, plain HTTP with ranges, uploads that go on. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CarReader } from '@ipld/car';
import { CID } from 'multiformats/cid';
import { importCar, type Imported } from '../../hosts/box/content/index.js';
import { addTree, fits, LEAF, PIECE, sha256 } from '../../hosts/box/store/index.js';
import { Problem } from '../../hosts/node/index.js';
import { startContentBox } from './content-box.js';

const box = await startContentBox();
after(() => box.destroy());
const { store, url } = box;

const fixtures = ['../shared/vectors', process.env['MESHBOX_VECTORS'] ?? '']
  .map((place) => join(place, 'ipfs-car'))
  .find((place) => existsSync(place));
if (fixtures === undefined) console.log('left out: the fixture CARs of ipfs/gateway-conformance (shared vectors, ipfs-car) are not here');
const fixture = (name: string): Buffer => readFileSync(join(fixtures!, name));

const upload = (path: string, body: Uint8Array, type = 'application/octet-stream'): Promise<Response> =>
  fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body: Buffer.from(body) });
const json = async <T>(response: Response): Promise<T> => {
  const answer = (await response.json()) as T;
  assert.ok(response.ok, JSON.stringify(answer));
  return answer;
};
const octets = async (path: string, headers: Record<string, string> = {}): Promise<Buffer> => {
  const response = await fetch(`${url}${path}`, { headers });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
};
async function carBlocks(path: string): Promise<string[]> {
  const car = await CarReader.fromBytes(await octets(path));
  const found = [];
  for await (const { cid, bytes } of car.blocks()) {
    assert.equal(fits(cid, bytes), true, cid.toString());
    found.push(cid.toString());
  }
  return found;
}

test(
  'the fixture CARs of the gateway conformance suite: no bad hash, and the one that lacks a block says which',
  { skip: fixtures === undefined },
  async () => {
    const missing: Record<string, readonly string[]> = {};
    let blocks = 0;
    for (const name of readdirSync(fixtures!).filter((each) => each.endsWith('.car'))) {
      const answer = await json<Imported>(await upload(`/api/content/car?name=${name}`, fixture(name), 'application/vnd.ipld.car'));
      blocks += answer.blocks;
      if (answer.missing.length > 0) missing[name] = answer.missing;
    }
    assert.ok(blocks > 100, `${blocks} blocks`);
    assert.deepEqual(missing['trustless_gateway_car_file-3k-and-3-blocks-missing-block.car'], [
      'QmSNLTo6Wv9dfroVaw7MFYjLqf9ho7PKrgsjdzYDtv8h1W',
    ]);
    console.log(`${blocks} blocks; parts left out on purpose: ${Object.keys(missing).join(', ')}`);
  },
);

test('trustless requests on the fixtures: raw blocks, dag-scope, entity-bytes, paths', { skip: fixtures === undefined }, async () => {
  const [root] = (
    await importCar(store, [fixture('trustless_gateway_car_subdir-with-two-single-block-files.car')] as never, { class: 'mine', name: '' })
  ).roots;
  const folder = `/ipfs/${root!}/subdir`;
  const all = await carBlocks(`${folder}?format=car`);
  assert.equal(all.length, 4, 'the root, the folder and two files');
  assert.equal((await carBlocks(`${folder}?format=car&dag-scope=entity`)).length, 2);
  assert.equal((await carBlocks(`${folder}?format=car&dag-scope=block`)).length, 2);
  assert.equal((await carBlocks(`${folder}/ascii.txt?format=car&dag-scope=all`)).length, 3);
  assert.equal((await octets(`${folder}/ascii.txt`)).toString(), 'hello application/vnd.ipld.car\n');
  const response = await fetch(`${url}${folder}/ascii.txt?format=raw`);
  assert.equal(response.headers.get('content-type'), 'application/vnd.ipld.raw');
  assert.match(response.headers.get('content-disposition') ?? '', /^attachment; filename="\w+\.bin"$/);
  assert.match(response.headers.get('cache-control') ?? '', /immutable/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');

  const hamt = await importCar(store, [fixture('trustless_gateway_car_single-layer-hamt-with-multi-block-files.car')] as never, {
    class: 'mine',
    name: '',
  });
  const file = `/ipfs/${hamt.roots[0]!}/685.txt`;
  const whole = await carBlocks(`${file}?format=car&dag-scope=entity`);
  const part = await carBlocks(`${file}?format=car&dag-scope=entity&entity-bytes=0:100`);
  assert.ok(part.length < whole.length, `${part.length} of ${whole.length} blocks`);
  const last = await carBlocks(`${file}?format=car&dag-scope=entity&entity-bytes=-5:*`);
  assert.ok(last.length < whole.length && last.at(-1) !== part.at(-1));
  const folderBlocks = await carBlocks(`/ipfs/${hamt.roots[0]!}?format=car&dag-scope=entity`);
  const everything = await carBlocks(`/ipfs/${hamt.roots[0]!}?format=car`);
  assert.ok(folderBlocks.length < everything.length);
  assert.equal(everything.length, new Set(everything).size, 'each block once');

  // Its missing block ends the CAR, and what is in front of it is good.
  const gap = await importCar(store, [fixture('trustless_gateway_car_file-3k-and-3-blocks-missing-block.car')] as never, {
    class: 'mine',
    name: '',
  });
  await assert.rejects(octets(`/ipfs/${gap.roots[0]!}?format=car`));
  await assert.rejects(octets(`/ipfs/${gap.missing[0]!}?format=raw`), /404/);
});

test('a file of ours: the whole, ranges, not modified, HEAD, raw leaves, and back through a CAR', async () => {
  const bytes = randomBytes(2 * LEAF + 777);
  const { cid } = await json<{ cid: string }>(await upload('/api/content?name=film.mp4&type=video/mp4', bytes));
  assert.deepEqual(await octets(`/ipfs/${cid}`), bytes);
  for (const [header, from, to] of [
    ['bytes=0-99', 0, 100],
    ['bytes=1048570-1048590', 1_048_570, 1_048_591],
    ['bytes=-10', bytes.length - 10, bytes.length],
    ['bytes=2097152-', 2_097_152, bytes.length],
  ] as const) {
    const response = await fetch(`${url}/ipfs/${cid}`, { headers: { range: header } });
    assert.equal(response.status, 206);
    assert.equal(response.headers.get('content-range'), `bytes ${from}-${to - 1}/${bytes.length}`);
    assert.equal(response.headers.get('content-type'), 'video/mp4');
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes.subarray(from, to));
  }
  assert.equal((await fetch(`${url}/ipfs/${cid}`, { headers: { range: 'bytes=9999999-' } })).status, 416);
  const head = await fetch(`${url}/ipfs/${cid}`, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(bytes.length));
  assert.equal((await fetch(`${url}/ipfs/${cid}`, { headers: { 'if-none-match': head.headers.get('etag')! } })).status, 304);
  const accept = await fetch(`${url}/ipfs/${cid}`, { headers: { accept: 'application/vnd.ipld.car; version=1' } });
  assert.match(accept.headers.get('content-type')!, /^application\/vnd\.ipld\.car; version=1; order=dfs; dups=n/);
  const car = Buffer.from(await accept.arrayBuffer());

  const other = await startContentBox();
  try {
    const imported = await importCar(other.store, [car] as never, { class: 'mine', name: 'film.mp4' });
    assert.deepEqual({ ...imported, blocks: 4 }, { roots: [cid], blocks: 4, files: 1, missing: [] });
    assert.equal(other.store.entry(cid)?.kind, 'file', 'it lies whole on the disk again');
    assert.deepEqual(await other.store.read(cid, 0, Infinity), bytes);
    for (const cut of [20, 100, car.length - 10])
      await assert.rejects(
        importCar(other.store, [car.subarray(0, cut)] as never, { class: 'mine', name: '' }),
        (error) => error instanceof Problem && error.code === 'bad-car',
      );
    const bad = Buffer.from(car);
    bad[car.length - 100]! ^= 1;
    await other.store.delete(cid);
    await assert.rejects(
      importCar(other.store, [bad] as never, { class: 'mine', name: '' }),
      (error) => error instanceof Problem && error.code === 'bad-block' && /bafkrei/.test(error.message),
    );
    assert.equal(other.store.stored, 0, 'of a bad CAR nothing is kept');
  } finally {
    await other.destroy();
  }
});

test('folders: paths, listing, index page, and nothing that runs as a page of the box', async () => {
  const files = [];
  for (const [path, text] of [
    ['index.html', '<h1>Hi</h1>'],
    ['sub/a <b>.txt', 'text'],
    ['sub/page.html', '<script>1</script>'],
  ] as const)
    files.push({ path, cid: (await json<{ cid: string }>(await upload('/api/content?class=cache', Buffer.from(text)))).cid });
  const made = await fetch(`${url}/api/content/trees`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'site', files }),
  });
  const { cid } = await json<{ cid: string }>(made);
  assert.equal(cid, (await addTree(store, files, {})).cid);
  assert.equal((await octets(`/ipfs/${cid}/`)).toString(), '<h1>Hi</h1>');
  const listing = (await octets(`/ipfs/${cid}/sub/`)).toString();
  assert.ok(listing.includes('a &#60;b&#62;.txt') && !listing.includes('<b>'), listing);
  const page = await fetch(`${url}/ipfs/${cid}/sub/page.html`);
  assert.match(page.headers.get('content-security-policy')!, /sandbox/);
  assert.match(page.headers.get('content-disposition')!, /^attachment/);
  const missing = await fetch(`${url}/ipfs/${cid}/sub/nothing`);
  assert.equal(missing.status, 404);
  assert.match(((await missing.json()) as { error: { message: string } }).error.message, /sub\/nothing/);
  for (const [path, status] of [
    ['/ipfs/notacid', 400],
    [`/ipfs/${cid}?format=tar`, 400],
    [`/ipfs/${cid}?format=car&dag-scope=half`, 400],
    [`/ipfs/${cid}?format=car&entity-bytes=x`, 400],
    [`/ipfs/${cid}?format=car&car-version=2`, 400],
  ] as const)
    assert.equal((await fetch(`${url}${path}`)).status, status, path);
});

test('a browser upload goes on where it was cut, says so when it is asked wrongly, and ends as an entry', async () => {
  const bytes = randomBytes(300_000);
  const begin = await fetch(`${url}/api/content/uploads`, {
    method: 'POST',
    headers: {
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${Buffer.from('a.jpg').toString('base64')},filetype ${Buffer.from('image/jpeg').toString('base64')}`,
    },
  });
  assert.equal(begin.status, 201);
  const place = `${url}${begin.headers.get('location')!}`;
  const patch = (offset: number, body: Uint8Array): Promise<Response> =>
    fetch(place, {
      method: 'PATCH',
      headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
      body: Buffer.from(body),
    });
  assert.equal((await patch(0, bytes.subarray(0, 100_000))).headers.get('upload-offset'), '100000');
  assert.equal((await patch(0, bytes)).status, 409);
  // The connection breaks in the middle of a request.
  const control = new AbortController();
  const cut = new ReadableStream<Uint8Array>({
    start: (stream) => stream.enqueue(bytes.subarray(100_000, 180_000)),
    pull: () => new Promise((resolve) => setTimeout(() => resolve(control.abort()), 300)),
  });
  await assert.rejects(
    fetch(place, {
      method: 'PATCH',
      headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': '100000' },
      body: cut,
      duplex: 'half',
      signal: control.signal,
    } as RequestInit),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  const offset = Number((await fetch(place, { method: 'HEAD' })).headers.get('upload-offset'));
  assert.equal(offset, 180_000, 'what came before the cut is kept');
  const done = await patch(offset, bytes.subarray(offset));
  assert.equal(done.status, 204);
  const cid = done.headers.get('content-cid')!;
  assert.deepEqual(await octets(`/ipfs/${cid}`), bytes);
  assert.equal(store.entry(cid)?.root?.name, 'a.jpg');
  assert.equal((await fetch(place, { method: 'HEAD' })).status, 404);
  assert.equal((await patch(0, bytes)).status, 404);
});

test('the outboard of a file proves itself', async () => {
  const bytes = randomBytes(LEAF + PIECE);
  const { cid } = await store.add([bytes]);
  const { Outboard } = await import('../../hosts/box/store/index.js');
  const outboard = Outboard.decode(await octets(`/api/content/${cid}/outboard`), cid)!;
  assert.deepEqual(Buffer.from(outboard.piece(1)), sha256(bytes.subarray(PIECE, 2 * PIECE)));
  assert.equal(Outboard.decode(await octets(`/api/content/${cid}/outboard`), CID.parse(cid).toString().replace('bafy', 'bafk')), undefined);
});
