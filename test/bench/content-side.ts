/** One measurement in a process of its own: `ours|theirs|fault` `add|read|range` FILE FOLDER [CID]. Prints one JSON line. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ReadableStorage } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';
import { ContentStore, PIECE } from '../../hosts/box/store/index.js';

const RANGES = 1_000;

interface Side {
  add(file: string): Promise<string>;
  read(cid: string): AsyncIterable<Uint8Array>;
  range(cid: string, at: number): AsyncIterable<Uint8Array>;
}

async function ours(folder: string, fault: boolean): Promise<Side> {
  const store = await ContentStore.open(folder);
  const blocks = store.blockstore();
  return {
    add: async (file) => (await store.addFile(file)).cid,
    // The planted fault: block by block through the exporter, as if the file did not lie whole on the disk.
    read: (cid) => (fault ? throughExporter(blocks, cid) : store.stream(cid)),
    range: (cid, at) => (fault ? throughExporter(blocks, cid, at) : store.stream(cid, at, PIECE)),
  };
}

async function theirs(folder: string): Promise<Side> {
  const { FsBlockstore } = await import('blockstore-fs');
  const { importer } = await import('ipfs-unixfs-importer');
  const blocks = new FsBlockstore(folder);
  await blocks.open();
  return {
    async add(file) {
      let root = '';
      for await (const { cid } of importer([{ content: createReadStream(file, { highWaterMark: 256 * 1024 }) }], blocks, {
        profile: 'unixfs-v1-2025',
      }))
        root = cid.toString();
      return root;
    },
    read: (cid) => throughExporter(blocks, cid),
    range: (cid, at) => throughExporter(blocks, cid, at),
  };
}

async function* throughExporter(blocks: ReadableStorage, cid: string, at?: number): AsyncGenerator<Uint8Array> {
  const { exporter } = await import('ipfs-unixfs-exporter');
  const file = await exporter(CID.parse(cid), blocks);
  if (file.type !== 'file') throw new Error(`${cid} is a ${file.type}`);
  yield* file.content(at === undefined ? {} : { offset: at, length: PIECE });
}

const [who, what, file, folder, cid = ''] = process.argv.slice(2) as [string, string, string, string, string?];
const side = who === 'theirs' ? await theirs(folder) : await ours(folder, who === 'fault');
const { size } = await stat(file);
const started = performance.now();
let octets = 0;
let result = cid;
if (what === 'add') {
  result = await side.add(file);
  octets = size;
} else if (what === 'read') {
  for await (const part of side.read(cid)) octets += part.length;
} else {
  // Multiplicative hashing gives the same spread of places on both sides.
  for (let i = 0; i < RANGES; i += 1)
    for await (const part of side.range(cid, (Math.imul(i, 0x9e3779b1) >>> 0) % (size - PIECE))) octets += part.length;
}
const seconds = (performance.now() - started) / 1_000;
if (octets !== (what === 'range' ? RANGES * PIECE : size)) throw new Error(`${who} ${what}: ${octets} octets`);
console.log(JSON.stringify({ cid: result, mbps: octets / 2 ** 20 / seconds, rss_mb: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
