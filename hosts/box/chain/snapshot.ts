/**
 * The chain at its last final block in one file, for a new box or one whose database is damaged: on a USB stick, or from a neighbour.
 *
 *   gzip( record* )    record = octets 4 (big-endian) | RLP [key, value], as they lie in the database; nodes of the state as `n` + reference
 *
 * Who reads it trusts nothing in it: every epoch must be proven by more than two thirds of the committee that the epoch before it named, from genesis
 * on; every header, payload and node must have its hash; the state must be whole. A checkpoint of 32 octets guards against committees of long ago that
 * have sold their keys.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { RLP } from '@ethereumjs/rlp';
import { hex, u32At } from '../../../firmware/core/base/index.js';
import { decodeCertificate, type Certificate } from '../../../firmware/core/wire/index.js';
import { messageOf, Problem, syncFolder } from '../../node/index.js';
import type { Chain } from './chain.js';
import {
  certificateFault,
  Hashes,
  HISTORY,
  isQuorum,
  weightsRoot,
  type ChainBlock,
  type ConsensusCrypto,
  type Reign,
} from './consensus/index.js';
import { ChainDatabase, keys, type Write } from './execution/database.js';
import { commonOf, isBodyOf } from './execution/engine.js';
import { StateStore } from './execution/state-store.js';
import { Records } from './records.js';

/** Blocks below the final one that go along: what BLOCKHASH sees (256), which is more than the tree's history. */
const BLOCKS = Math.max(256, HISTORY);
/** Longest record: a block. */
const LONGEST = 16 * 2 ** 20;
/** Records of one batch. */
const BATCH = 1_024;

export interface SnapshotInfo {
  readonly file: string;
  readonly number: number;
  /** Of the header: what a checkpoint names. */
  readonly hash: string;
  readonly records: number;
}

/** Writes the snapshot beside the file, then moves it into place. */
export async function writeSnapshot(chain: Chain, file: string): Promise<SnapshotInfo> {
  const { header, hash } = chain.final;
  let records = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    for await (const [key, value] of entries(chain)) {
      const record = RLP.encode([key, value]);
      records += 1;
      yield Uint8Array.of(record.length >>> 24, record.length >>> 16, record.length >>> 8, record.length);
      yield record;
    }
  }
  const fresh = `${file}.new`;
  await pipeline(Readable.from(source()), createGzip({ level: 6 }), createWriteStream(fresh));
  const handle = await open(fresh, 'r+');
  await handle.sync();
  await handle.close();
  await rename(fresh, file);
  await syncFolder(dirname(file));
  return { file, number: header.number, hash: hex(hash), records };
}

async function* entries(chain: Chain): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  const { database, final, genesis } = chain;
  const terms = new Map<string, readonly [Uint8Array, Uint8Array]>();
  const stored = (key: Uint8Array): readonly [Uint8Array, Uint8Array] => [key, database.get(key)!];
  for await (const entry of database.range(keys.term(new Uint8Array(0)), Buffer.from('x'))) terms.set(hex(entry[0]), entry);
  yield* terms.values();
  yield [keys.meta('genesis'), genesis];
  yield [keys.meta('final'), final.hash];
  if (database.get(keys.meta('latest'))) yield stored(keys.meta('latest'));
  const blocks = new Map<string, Uint8Array>([[hex(genesis), genesis]]);
  for await (const [key, value] of database.range(keys.epoch(0), keys.epoch(0xffff_ffff))) {
    yield [key, value];
    const [hash] = RLP.decode(value) as [Uint8Array];
    blocks.set(hex(hash), hash);
  }
  for (let number = Math.max(0, final.header.number - BLOCKS); number <= final.header.number; number += 1) {
    const hash = chain.canonical(number);
    if (hash) blocks.set(hex(hash), hash);
  }
  for (const hash of blocks.values()) yield stored(keys.block(hash));
  for await (const node of chain.store.walk(final.header.state)) {
    if (!node)
      throw new Problem(
        'chain-corrupt',
        'the state is damaged and cannot be written to a snapshot',
        'Let the chain be rebuilt: restart the daemon after moving its `chain` folder away.',
      );
    yield [Buffer.concat([Buffer.from('n'), node.reference]), node.value];
  }
}

/**
 * Makes the database of a new node from a snapshot. genesis: of the node's parameters. Fails with a Problem `snapshot-bad` that says what does not hold;
 * then nothing is left behind.
 */
export async function readSnapshot(
  file: string,
  folder: string,
  {
    genesis,
    chainId,
    checkpoint,
    crypto,
  }: { readonly genesis: Uint8Array; readonly chainId: number; readonly checkpoint?: string; readonly crypto: ConsensusCrypto },
): Promise<SnapshotInfo> {
  const bad = (what: string): Problem =>
    new Problem(
      'snapshot-bad',
      `the snapshot ${file} is not used: ${what}`,
      'Take another one, or leave it out: the chain is then fetched from other boxes.',
    );
  const database = await ChainDatabase.open(folder);
  try {
    let writes: Write[] = [];
    let count = 0;
    for await (const [key, value] of records(file)) {
      count += 1;
      for (const write of accepted(key, value, crypto, bad)) writes.push(write);
      if (writes.length < BATCH) continue;
      await database.write(writes);
      writes = [];
    }
    await database.write(writes);
    const info = await checkSnapshot(database, genesis, checkpoint, crypto, bad);
    await checkBodies(database, chainId, bad);
    await database.close();
    return { ...info, file, records: count };
  } catch (error) {
    await database.close();
    await rm(folder, { recursive: true, force: true });
    throw error instanceof Problem ? error : bad(messageOf(error));
  }
}

async function* records(file: string): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  let held: Uint8Array = new Uint8Array(0);
  for await (const piece of createReadStream(file).pipe(createGunzip())) {
    held = held.length === 0 ? (piece as Uint8Array) : Buffer.concat([held, piece as Uint8Array]);
    let at = 0;
    while (held.length - at >= 4) {
      const length = u32At(held, at);
      if (length > LONGEST) throw new Error('a record is too long');
      if (held.length - at - 4 < length) break;
      yield RLP.decode(held.subarray(at + 4, at + 4 + length)) as [Uint8Array, Uint8Array];
      at += 4 + length;
    }
    held = held.slice(at);
  }
  if (held.length > 0) throw new Error('it ends within a record');
}

/** What hashes to its key goes to disk as it is; the rest is checked when all is there. */
function accepted(key: Uint8Array, value: Uint8Array, crypto: ConsensusCrypto, bad: (what: string) => Problem): Write[] {
  const kind = String.fromCharCode(key[0] ?? 0);
  const rest = key.subarray(1);
  const put: Write = { type: 'put', key, value };
  if (kind === 'n') {
    const hash = rest.length === 33 ? rest.subarray(1) : rest;
    if (hex(crypto.keccak256(value)) !== hex(hash)) throw bad('a node of the state has another hash');
    return [{ type: 'put', key: keys.node(0, rest), value: Buffer.concat([Uint8Array.of(0), value]) }];
  }
  if (kind === 'w' && hex(crypto.keccak256(value)) !== hex(rest)) throw bad('the weights of an epoch have another hash');
  if (!'wbem'.includes(kind)) throw bad('it holds what no snapshot holds');
  return [put];
}

async function checkSnapshot(
  database: ChainDatabase,
  genesis: Uint8Array,
  checkpoint: string | undefined,
  crypto: ConsensusCrypto,
  bad: (what: string) => Problem,
): Promise<Pick<SnapshotInfo, 'number' | 'hash'>> {
  const records = new Records(database);
  const hashes = new Hashes(crypto, genesis);
  const stored = database.get(keys.meta('genesis'));
  if (!stored || hex(stored) !== hex(genesis)) throw bad('it is of another chain');
  const read = (
    hash: Uint8Array,
  ): {
    readonly number: number;
    readonly parent: Uint8Array;
    readonly state: Uint8Array;
    readonly payload: Uint8Array;
    readonly reign: Reign;
  } => {
    const found = records.block(hash);
    if (!found) throw bad(`block ${hex(hash)} is missing`);
    const { header } = found.block;
    const reign = found.reign();
    if (hex(Hashes.header(crypto, header)) !== hex(hash)) throw bad(`block ${header.number} has another hash`);
    if (hex(weightsRoot(reign, crypto.keccak256)) !== hex(header.weights))
      throw bad(`the weights of block ${header.number} are not those of its header`);
    return { ...header, reign };
  };
  const committee = (reign: Reign, which: 'current' | 'next'): string => reign[which].committee.map(hex).join();
  let expected = committee(read(genesis).reign, 'current');
  const proven = (value: Uint8Array): { readonly hash: Uint8Array; readonly reign: Reign; readonly number: number } => {
    const [hash, octets] = RLP.decode(value) as [Uint8Array, Uint8Array];
    const certificate = decodeCertificate(octets, 0, octets.length);
    if (typeof certificate === 'number') throw bad('a certificate cannot be read');
    const block = read(hash);
    if (committee(block.reign, 'current') !== expected)
      throw bad(`the committee of block ${block.number} is not the one that was named before`);
    if (
      hex(certificate.source) !== hex(hash) ||
      certificate.sourceNumber !== block.number ||
      certificate.targetNumber !== block.number + 1 ||
      !isSigned(certificate, block.reign, hashes, crypto)
    )
      throw bad(`block ${block.number} is not proven to be final`);
    return { hash, ...block };
  };
  let epoch = -1;
  for await (const [key, value] of database.range(keys.epoch(0), keys.epoch(0xffff_ffff))) {
    epoch += 1;
    const { reign } = proven(value);
    if (u32At(key, 1) !== epoch || reign.epoch !== epoch) throw bad(`epoch ${epoch} is missing`);
    expected = committee(reign, 'next');
    if (database.get(keys.epoch(epoch + 1)) === undefined) expected = committee(reign, 'current');
  }
  /** What the hash of a header does not cover. */
  const checkSigned = ({ header, certificate }: ChainBlock, hash: Uint8Array): void => {
    const sealer = crypto.recoverKey(header.seal, hashes.seal(hash));
    if (!sealer || hex(crypto.addressOf(sealer)) !== hex(header.proposer))
      throw bad(`the seal of block ${header.number} is not its proposer’s`);
    const target = certificate && records.block(certificate.target);
    const fault = target && certificateFault(target.reign(), certificate, hashes, crypto);
    if (fault !== undefined) throw bad(`the certificate in block ${header.number} does not hold: ${fault}`);
  };
  const latest = database.get(keys.meta('latest'));
  const last = latest ? proven(latest) : { hash: genesis, ...read(genesis) };
  if (hex(database.get(keys.meta('final')) ?? genesis) !== hex(last.hash))
    throw bad('its last block is not the one that is proven to be final');
  if (checkpoint !== undefined && !(await descends(database, last.hash, checkpoint, records)))
    throw bad(`the checkpoint ${checkpoint} is not in it`);
  const writes: Write[] = [];
  for (let hash: Uint8Array = last.hash; ;) {
    const found = records.block(hash);
    if (!found) break;
    const { number, parent, payload } = read(hash);
    if (number > 0) checkSigned(found.block, hash);
    writes.push(
      { type: 'put', key: keys.canonical(number), value: hash },
      { type: 'put', key: keys.payload(payload), value: hash },
      { type: 'put', key: keys.height(number, hash), value: new Uint8Array(0) },
    );
    if (number === 0) break;
    hash = parent;
  }
  writes.push(
    { type: 'put', key: keys.canonical(0), value: genesis },
    { type: 'put', key: keys.payload(read(genesis).payload), value: genesis },
  );
  for await (const node of new StateStore(database).walk(records.block(last.hash)!.block.header.state))
    if (!node) throw bad('its state is not whole');
  await database.write(writes);
  return { number: last.number, hash: hex(last.hash) };
}

async function checkBodies(database: ChainDatabase, chainId: number, bad: (what: string) => Problem): Promise<void> {
  const records = new Records(database);
  const common = commonOf(chainId);
  for await (const [key] of database.range(keys.block(new Uint8Array(0)), Buffer.from('c'))) {
    const { block, receipts } = records.block(key.slice(1))!;
    if (!(await isBodyOf(common, block.payload, receipts(), block.header)))
      throw bad(`the body of block ${block.header.number} is not that of its header`);
  }
}

function isSigned(certificate: Certificate, reign: Reign, hashes: Hashes, crypto: ConsensusCrypto): boolean {
  const digest = hashes.attestation(certificate);
  const keysOf = new Set<string>();
  for (const { seat, signature } of certificate.signatures) {
    const key = reign.current.committee[seat];
    if (key && crypto.verifySignature(signature, digest, key)) keysOf.add(hex(key));
  }
  return isQuorum(reign.current.committee.filter((key) => keysOf.has(hex(key))).length);
}

/** Whether the checkpoint is the last block, one of those before it that are here, or of an epoch. */
async function descends(database: ChainDatabase, last: Uint8Array, checkpoint: string, records: Records): Promise<boolean> {
  for (let hash = last; ;) {
    if (hex(hash) === checkpoint) return true;
    const found = records.block(hash);
    if (!found || found.block.header.number === 0) break;
    hash = found.block.header.parent;
  }
  for await (const [, value] of database.range(keys.epoch(0), keys.epoch(0xffff_ffff)))
    if (hex((RLP.decode(value) as [Uint8Array])[0]) === checkpoint) return true;
  return false;
}
