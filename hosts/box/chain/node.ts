/** The chain of a box: its files, its key, its network, and what the API says of it. */
import { mkdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '../../../firmware/core/base/index.js';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';
import { version } from '../../cli/version.js';
import type { ServiceContext } from '../service.js';
import { Chain, setAside, type ChainOptions, type Identity } from './chain.js';
import { addressOf, consensusCrypto } from './crypto.js';
import type { Network } from './network/network.js';
import { checkParams, DEVELOPMENT_CHAIN_ID, developmentParams, type ChainParams } from './params.js';
import { createRpc } from './rpc/dispatch.js';
import { weightsOf } from './rpc/methods.js';
import type { Dispatch } from './rpc/server.js';
import { readSnapshot, writeSnapshot, type SnapshotInfo } from './snapshot.js';
import type { BlockSummary, ChainPeer, ChainStatus, VerifyReport, WeightInfo } from './types.js';
import { verifyChain } from './verify.js';

/** Final blocks between two snapshots: a day of 14 s slots. */
const SNAPSHOT_EVERY = 6_171;
/** A final header older than this means that the box is off-grid. */
const EFFECTIVE_SECONDS = 180;
/** setTimeout takes 31 bits. */
const LONGEST = 0x7fff_ffff;

export interface ChainNode {
  readonly chain: Chain;
  readonly dispatch: Dispatch;
  status(): ChainStatus;
  peers(): ChainPeer[];
  blocks(count: number): BlockSummary[];
  weights(): WeightInfo[];
  snapshot(): Promise<SnapshotInfo>;
  verify(): Promise<VerifyReport>;
  stop(): Promise<void>;
}

/** In `network.json` beside the genesis; all optional. */
interface NetworkFile {
  readonly listen?: readonly string[];
  readonly peers?: readonly string[];
  readonly local?: boolean;
}

/** Problems are reported as well as thrown: nobody may be waiting. */
export async function startNode(context: Pick<ServiceContext, 'state' | 'signer' | 'log' | 'report'>): Promise<ChainNode> {
  try {
    return await run(context);
  } catch (error) {
    const problem =
      error instanceof Problem
        ? error
        : new Problem('chain-failed', `the chain cannot start: ${messageOf(error)}`, 'Report it with the log of the daemon.');
    context.report(problem);
    throw problem;
  }
}

async function run({ state, signer, log, report }: Pick<ServiceContext, 'state' | 'signer' | 'log' | 'report'>): Promise<ChainNode> {
  const folder = join(state, 'chain');
  await mkdir(folder, { recursive: true });
  const identity: Identity = {
    key: signer.key,
    sign: (digest) => new Promise((done) => signer.sign(digest, done)),
    prove: async (input) => signer.prove(input),
  };
  const params = await readParams(join(folder, 'genesis.json'), identity.key);
  const snapshotFile = join(folder, 'snapshot');
  const chain = await openChain(
    {
      folder: join(folder, 'database'),
      params,
      crypto: consensusCrypto,
      identity,
      now: () => Date.now(),
      at(time, call) {
        const timer = setTimeout(call, Math.min(Math.max(0, time - Date.now()), LONGEST));
        return () => clearTimeout(timer);
      },
      log,
      report,
    },
    snapshotFile,
  );
  let network: Network | undefined;
  let snapshotAt = chain.final.header.number + SNAPSHOT_EVERY;
  const snapshot = (): Promise<SnapshotInfo> => writeSnapshot(chain, snapshotFile);
  chain.listen({
    final({ header }) {
      if (header.number < snapshotAt) return;
      snapshotAt = header.number + SNAPSHOT_EVERY;
      snapshot().catch((error: unknown) => log(`chain: no snapshot was written: ${messageOf(error)}`));
    },
  });
  try {
    if (params.chainId !== DEVELOPMENT_CHAIN_ID) network = await joinNetwork(chain, join(folder, 'network.json'), log);
  } catch (error) {
    await chain.stop();
    throw error;
  }
  const rpc = createRpc({ chain, version, peers: () => network?.peers().length ?? 0 });
  log(`chain ${params.name} (${params.chainId}) is at block ${chain.head.header.number}`);

  return {
    chain,
    dispatch: rpc.dispatch,
    status: () => statusOf(chain, identity, network),
    peers: () => network?.peers() ?? [],
    blocks: (count) => blocksOf(chain, count),
    weights: () => weightsOf(chain),
    snapshot,
    verify: () => verifyChain(chain),
    async stop() {
      rpc.stop();
      await network?.stop();
      await chain.stop();
    },
  };
}

async function readParams(file: string, key: Uint8Array): Promise<ChainParams> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const box = { key: hex(key), weight: 1, payee: `0x${hex(addressOf(key))}` };
    const made = developmentParams(box, Math.floor(Date.now() / 1000));
    await writeDurably(file, Buffer.from(`${JSON.stringify(made, undefined, 2)}\n`));
    return made;
  }
  try {
    return checkParams(JSON.parse(text), file);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      'genesis-bad',
      `the genesis ${file} is no JSON (${messageOf(error)})`,
      'Take the genesis file of the network again; every box has the same.',
    );
  }
}

/** A damaged database is set aside, and made again from the last snapshot; without one the blocks come from other boxes, or the chain begins again. */
async function openChain(options: ChainOptions, snapshot: string): Promise<Chain> {
  const fresh = !existsSync(options.folder);
  if (fresh && existsSync(snapshot)) await fromSnapshot(options, snapshot);
  try {
    return await Chain.open(options);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'chain-corrupt') throw error;
    const aside = await setAside(options.folder);
    const from = existsSync(snapshot) ? await fromSnapshot(options, snapshot) : undefined;
    const chain = await Chain.open(options);
    options.report(
      new Problem(
        'chain-corrupt',
        `the chain's database was damaged (${error.message}); it was rebuilt ${from ? `from the snapshot of block ${from.number}` : 'from the genesis, for want of a snapshot'}`,
        `The damaged one is kept as ${aside}; delete it when nobody needs it.`,
      ),
    );
    return chain;
  }
}

async function fromSnapshot(options: ChainOptions, file: string): Promise<SnapshotInfo> {
  const genesis = await Chain.genesisHash(options);
  const info = await readSnapshot(file, options.folder, { genesis, chainId: options.params.chainId, crypto: options.crypto });
  options.log(`chain: block ${info.number} and its state come from the snapshot ${file}`);
  return info;
}

async function joinNetwork(chain: Chain, file: string, log: (line: string) => void): Promise<Network> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const { listen = ['/ip4/0.0.0.0/tcp/8481'], peers = [], local = true } = JSON.parse(text) as NetworkFile;
  const { startNetwork } = await import('./network/network.js');
  return startNetwork(chain, { listen, peers, local, log });
}

function statusOf(chain: Chain, identity: Identity, network: Network | undefined): ChainStatus {
  const { params, head, final } = chain;
  const block = ({ header, hash }: typeof head): ChainStatus['head'] => ({
    number: header.number,
    hash: `0x${hex(hash)}`,
    payload: `0x${hex(header.payload)}`,
    time: header.time,
  });
  const age = Math.floor(Date.now() / 1000) - final.header.time;
  return {
    name: params.name,
    chainId: params.chainId,
    development: params.chainId === DEVELOPMENT_CHAIN_ID,
    genesis: `0x${hex(chain.genesis)}`,
    head: block(head),
    final: block(final),
    effective: age < EFFECTIVE_SECONDS,
    epoch: head.reign.epoch,
    boxes: head.reign.current.weights.length,
    producing: chain.clockWrong === 0 && head.reign.current.weights.some(({ key }) => hex(key) === hex(identity.key)),
    clockWrong: chain.clockWrong,
    waiting: chain.mempool.size,
    conflicts: chain.conflicts.length,
    peers: network?.peers().length ?? 0,
    addresses: network?.addresses() ?? [],
  };
}

function blocksOf(chain: Chain, count: number): BlockSummary[] {
  const last = chain.head.header.number;
  return Array.from({ length: Math.min(count, last + 1) }, (_, i) => {
    const hash = chain.canonical(last - i)!;
    const { header } = chain.stored(hash)!.block;
    const payload = chain.payloadOf(hash)!;
    return {
      number: header.number,
      hash: `0x${hex(hash)}`,
      payload: `0x${hex(header.payload)}`,
      time: header.time,
      step: header.number === 0 ? 0 : (chain.consensus.slots.stepOf(header.time) ?? 0),
      proposer: `0x${hex(header.proposer)}`,
      transactions: payload.transactions.length,
      gasUsed: Number(payload.header.gasUsed),
      final: header.number <= chain.final.header.number,
    };
  });
}
