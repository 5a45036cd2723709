/**
 * The store under kill: FOLDER MODEL [fault]. First compares what is there with what was acknowledged (MODEL, a JSON file), says `ok` or what is wrong; then adds,
 * deletes, collects and downloads for ever, saying what it was promised. The planted fault says so before it is true.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { addTree, ContentStore, Hasher, LEAF, PIECE, type Outboard } from '../../hosts/box/store/index.js';
import type { Model } from './kill-drill.js';

const [folder, modelFile, fault] = process.argv.slice(2) as [string, string, string?];
const model = JSON.parse(readFileSync(modelFile, 'utf8')) as Model;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Octets from a seed: the download's other end. */
function octets(seed: number, length: number): Buffer {
  const parts = [];
  for (let i = 0; i * 32 < length; i += 1) parts.push(createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

function outboardOf(bytes: Uint8Array): Outboard {
  const hasher = new Hasher();
  for (let at = 0; at < bytes.length; at += LEAF) hasher.leaf(bytes.subarray(at, at + LEAF));
  return hasher.finish();
}

const store = await ContentStore.open(folder);
await verify();
say('ok');

let seed = Date.now();
for (let round = 0; ; round += 1) {
  seed += 1;
  const length = seed % 7 === 0 ? 2 * LEAF + 1_000 : 1 + (seed % 200_000);
  const bytes = octets(seed, length);
  if (round % 4 === 3) await download(seed, bytes);
  else if (round % 4 === 2) {
    const files = await store.holding(async (part) => {
      const cids = [];
      for (let i = 0; i < 4; i += 1) cids.push((await store.add([octets(seed * 10 + i, 5_000 + i)], { part })).cid);
      const { cid } = await addTree(
        store,
        cids.map((each, i) => ({ path: `folder/${i}`, cid: each })),
        { name: 'tree' },
      );
      return [cid, ...cids];
    });
    say(`added ${files.join(' ')}`);
  } else {
    const adding = store.add([bytes], { class: round % 2 === 0 ? 'mine' : 'cache' });
    if (fault) say(`added ${outboardOf(bytes).cid}`);
    const { cid } = await adding;
    if (!fault) say(`added ${cid}`);
  }
  const roots = store.roots();
  if (roots.length > 6) {
    const victim = roots[seed % roots.length]!.cid;
    say(`deleting ${victim}`);
    await store.delete(victim);
    say(`deleted ${victim}`);
  }
  if (round % 5 === 0) await store.collect();
}

async function download(from: number, bytes: Buffer): Promise<void> {
  const outboard = outboardOf(bytes);
  const { cid } = outboard;
  const partial = await store.partial(cid, bytes.length);
  for (let i = 0; i < partial.blocks; i += 1) {
    if (!partial.isMissing(i)) continue;
    await partial.store(i, bytes.subarray(i * PIECE, (i + 1) * PIECE));
    say(`piece ${cid} ${from} ${bytes.length} ${i}`);
  }
  const bad = await store.finishCid(cid, partial, outboard, { class: 'cache' });
  if (bad.length > 0) say(`wrong: leaves ${bad.join()} of a good download`);
  say(`added ${cid}`);
}

async function verify(): Promise<void> {
  const files = readdirSync(join(folder, 'data'));
  const sum = files.reduce((total, name) => total + statSync(join(folder, 'data', name)).size, 0);
  if (sum !== store.stored) say(`wrong: the disk holds ${sum}, the store says ${store.stored}`);
  if (files.some((name) => !store.entry(name.replace(/\.ob$/, '')))) say('wrong: an orphan is left');
  const usage = store.usage();
  if (usage.mine + usage.paid + usage.cache !== sum) say('wrong: something is kept for nobody');
  for (const [cid] of Object.entries(model.added)) {
    const entry = store.entry(cid);
    if (!entry) say(`wrong: ${cid} was acknowledged and is gone`);
    else if (entry.kind === 'file')
      for await (const part of store.stream(cid)) if (part.length === 0 && entry.octets > 0) say(`wrong: ${cid} is empty`);
  }
  for (const cid of model.deleted) if (store.entry(cid)?.root) say(`wrong: ${cid} was deleted and is back`);
  for (const [cid, { seed: from, octets: length, pieces }] of Object.entries(model.pieces)) {
    if (store.entry(cid)) continue;
    const partial = await store.partial(cid, length);
    for (const piece of pieces) if (partial.isMissing(piece)) say(`wrong: piece ${piece} of ${cid} was acknowledged and is gone`);
    await partial.close();
    await download(from, octets(from, length));
  }
}
