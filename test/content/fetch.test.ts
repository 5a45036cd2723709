/** Content between boxes over IP: from several holders, over links that break, past holders that lie, and never a verified octet twice. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, connect, type Socket } from 'node:net';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { CID } from 'multiformats/cid';
import { fetchContent } from '../../hosts/box/content/index.js';
import { addTree, LEAF, PIECE } from '../../hosts/box/store/index.js';
import { Problem } from '../../hosts/node/index.js';
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { startContentBox, type ContentBox } from './content-box.js';

const open: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const close of open.reverse()) await close();
});
async function freshBox(): Promise<ContentBox> {
  const box = await startContentBox();
  open.push(() => box.destroy());
  return box;
}

/** A link to a box that breaks in one of ten megabytes, and can be cut. */
async function badLink(to: string): Promise<{ url: string; cut(): void; heal(): void; octets(): number; broken(): number }> {
  const random = new RandomStream('bad link');
  let [up, octets, broken] = [true, 0, 0];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (!up) return void near.destroy();
    const far = connect(Number(new URL(to).port), '127.0.0.1');
    let nextDraw = 2 ** 20;
    let passed = 0;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => (sockets.delete(socket), near.destroy(), far.destroy()));
    }
    near.pipe(far);
    far.on('data', (piece: Buffer) => {
      passed += piece.length;
      octets += piece.length;
      const draws = passed > nextDraw;
      if (draws) nextDraw += 2 ** 20;
      if (draws && random.bytes(1)[0]! < 26) {
        broken += 1;
        near.destroy();
        far.destroy();
      } else if (!near.write(piece)) {
        far.pause();
        near.once('drain', () => far.resume());
      }
    });
    far.on('end', () => near.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => new Promise((resolve) => (sockets.forEach((each) => each.destroy()), server.close(resolve))));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      up = false;
      sockets.forEach((socket) => socket.destroy());
    },
    heal: () => (up = true),
    octets: () => octets,
    broken: () => broken,
  };
}

test(
  'a video of 50 MB over a link that breaks in one of ten megabytes and is cut twice: it resumes, and no verified octet comes twice',
  { timeout: 120_000 },
  async () => {
    const [seller, reader] = [await freshBox(), await freshBox()];
    const video = randomBytes(50_000_000);
    const { cid } = await seller.store.add([video], { name: 'video.mp4', mediaType: 'video/mp4' });
    const link = await badLink(seller.url);
    const cuts = [0.3, 0.7];
    let verified = 0;
    // The first cut outlasts this fetch, as when the reader's box is switched off; the second one heals under it.
    const first = new AbortController();
    const progress = (done: number): void => {
      assert.ok(done >= verified, 'what is verified stays so');
      verified = done;
      if (done < (cuts[0] ?? 2) * video.length) return;
      cuts.shift();
      link.cut();
      if (cuts.length === 1) first.abort();
      else setTimeout(link.heal, 1_000);
    };
    await assert.rejects(
      fetchContent(reader.store, CID.parse(cid), { holders: [link.url], progress, signal: first.signal }),
      (error) => error instanceof Problem && error.code === 'stopped',
    );
    assert.ok(verified > 0 && verified < video.length, 'partial work is kept');
    link.heal();
    const { wasted } = await fetchContent(reader.store, CID.parse(cid), { holders: [link.url], progress });
    assert.deepEqual(await reader.store.read(cid, 0, Infinity), video);
    assert.equal(cuts.length, 0);
    assert.equal(wasted, 0);
    // What crossed beyond the file: heads, and for each break at most what was on its way, never a verified piece.
    const spare = link.octets() - video.length;
    const breaks = link.broken() + 2;
    console.log(`${breaks} breaks, ${spare} octets beyond the file's own`);
    assert.ok(spare < 400_000 + breaks * 3 * 2 ** 20, `${spare} octets too many for ${breaks} breaks`);
  },
);

test('a folder from several holders at once, one of which lies and one of which is dead', { timeout: 60_000 }, async () => {
  const [a, b, reader] = [await freshBox(), await freshBox(), await freshBox()];
  const contents = [randomBytes(3 * LEAF + 5), randomBytes(10), new Uint8Array(0), randomBytes(LEAF)];
  let cid = '';
  for (const { store } of [a, b]) {
    const files = [];
    for (const [i, bytes] of contents.entries()) files.push({ path: `sub/${i}`, cid: (await store.add([bytes], { class: 'cache' })).cid });
    ({ cid } = await addTree(store, files, { name: 'folder' }));
  }
  const liar = createHttp((request, response) => {
    const wanted = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    response.statusCode = wanted ? 206 : 200;
    response.end(randomBytes(wanted ? Number(wanted[2]) - Number(wanted[1]) + 1 : 1_000));
  }).listen(0, '127.0.0.1');
  await once(liar, 'listening');
  open.push(() => new Promise((resolve) => (liar.closeAllConnections(), liar.close(resolve))));
  const holders = [`http://127.0.0.1:${(liar.address() as AddressInfo).port}`, a.url, 'http://127.0.0.1:9', b.url];
  await fetchContent(reader.store, CID.parse(cid), { holders, name: 'folder', patience: 20_000 });
  const got = [];
  for (const path of ['sub/0', 'sub/1', 'sub/2', 'sub/3'])
    got.push(Buffer.from(await (await fetch(`${reader.url}/ipfs/${cid}/${path}`)).arrayBuffer()));
  assert.deepEqual(
    got,
    contents.map((bytes) => Buffer.from(bytes)),
  );
  assert.deepEqual(await reader.store.scrub(() => Promise.resolve(undefined)), []);
});

test('from a gateway that knows nothing of us: leaf by leaf out of the tree', { timeout: 60_000 }, async () => {
  const [holder, reader] = [await freshBox(), await freshBox()];
  const bytes = randomBytes(2 * LEAF + PIECE);
  const { cid } = await holder.store.add([bytes]);
  const plain = createHttp((request, response) => {
    const allowed = request.url!.includes('format=raw');
    if (!allowed) return void response.writeHead(404).end();
    void fetch(`${holder.url}${request.url!}`).then(async (answer) =>
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
    );
  }).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  open.push(() => new Promise((resolve) => (plain.closeAllConnections(), plain.close(resolve))));
  await fetchContent(reader.store, CID.parse(cid), {
    holders: [`http://127.0.0.1:${(plain.address() as AddressInfo).port}`],
    patience: 20_000,
  });
  assert.deepEqual(await reader.store.read(cid, 0, Infinity), bytes);
  assert.equal(reader.store.entry(cid)?.kind, 'file');
});

test('piece hashes that lie cost one leaf at most, and the file arrives', { timeout: 60_000 }, async () => {
  const [holder, reader] = [await freshBox(), await freshBox()];
  const bytes = randomBytes(3 * LEAF);
  const { cid } = await holder.store.add([bytes]);
  const { Outboard } = await import('../../hosts/box/store/index.js');
  const honest = await holder.store.outboard(cid);
  const wrong = randomBytes(PIECE);
  const pieces = Buffer.from(honest.pieces);
  const { sha256 } = await import('../../hosts/box/store/index.js');
  pieces.set(sha256(wrong), 20 * 32);
  const bad = createHttp((request, response) => {
    if (request.url!.endsWith('/outboard')) return void response.end(new Outboard(honest.octets, honest.leaves, pieces).encode());
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    if (!range)
      return void fetch(`${holder.url}${request.url!}`).then(async (answer) =>
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
      );
    const lie = Buffer.from(bytes);
    lie.set(wrong, 20 * PIECE);
    response.writeHead(206).end(lie.subarray(Number(range[1]), Number(range[2]) + 1));
  }).listen(0, '127.0.0.1');
  await once(bad, 'listening');
  open.push(() => new Promise((resolve) => (bad.closeAllConnections(), bad.close(resolve))));
  const { wasted } = await fetchContent(reader.store, CID.parse(cid), {
    holders: [`http://127.0.0.1:${(bad.address() as AddressInfo).port}`],
    patience: 20_000,
  });
  assert.equal(wasted, LEAF);
  assert.deepEqual(await reader.store.read(cid, 0, Infinity), bytes);
});

test('what nobody has, and a quota that is reached, end with a clear word and keep what has come', { timeout: 60_000 }, async () => {
  const holder = await freshBox();
  const small = await startContentBox({ content: { quota: 100_000 } });
  open.push(() => small.destroy());
  const { cid } = await holder.store.add([randomBytes(200_000)]);
  const failsWith = (code: string, wanted: string, holders: readonly string[]): Promise<void> =>
    assert.rejects(
      fetchContent(small.store, CID.parse(wanted), { holders, patience: 1_000 }),
      (error) => error instanceof Problem && error.code === code,
    );
  await failsWith('quota', cid, [holder.url]);
  await failsWith('missing-block', 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku', [holder.url]);
  const other = await holder.store.add([randomBytes(10)]);
  await failsWith('unreachable', other.cid, ['http://127.0.0.1:9']);
  await failsWith('no-holder', other.cid, []);
});
