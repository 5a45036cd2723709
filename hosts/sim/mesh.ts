import type { Millis } from '../../firmware/core/base/index.js';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import type { InlineCrypto } from '../../firmware/core/ports/index.js';
import { defaultCaps, type NodeCaps, type NodeEffect } from '../../firmware/core/node/index.js';
import type { Reach } from './ground-truth.js';
import { inlineCrypto, sharedSecret } from '../node/index.js';
import { RandomStream } from './random-stream.js';
import type { Topology } from './topology.js';
import type { World, WorldOptions } from './world.js';

/** A mesh of boards on a world, whatever engine runs them: what a scenario needs of it. Boards are stations 0 to N - 1. */
export interface Mesh {
  readonly world: World;
  /** 8 octets each; the same for the same seed on every engine. */
  readonly ids: readonly Uint8Array[];
  /** Sends a ping from a board to another one; `effect` hears of the answer. */
  ping(from: number, to: number, token: number): void;
  /** Where packets would end, by the routes that the boards hold now; undefined if the engine does not let us look. */
  reach(): Reach | undefined;
  /** What the boards dropped, by reason. */
  drops(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

export interface MeshOptions {
  readonly seed: string | number;
  readonly topology: Topology;
  readonly world?: Partial<Omit<WorldOptions, 'seed'>>;
  /** What the node that a scenario commands on this board has to say. */
  readonly effect?: (board: number, now: Millis, effect: NodeEffect) => void;
}

/** A station's identity, from the seed alone. */
export interface Identity {
  /** 32 octets. */
  readonly secret: Uint8Array;
  /** 33 octets. */
  readonly publicKey: Uint8Array;
  /** 8 octets. */
  readonly id: Uint8Array;
  /** 6 octets: 02 and the first five of the id, a node's default. */
  readonly mac: Uint8Array;
}

export function identityOf(seed: string | number, kind: 'board' | 'leaf', index: number): Identity {
  const random = new RandomStream(seed, 'key', kind, index);
  const publicKey = new Uint8Array(33);
  let secret = random.bytes(32);
  while (!curve.publicKey(publicKey, secret)) secret = random.bytes(32);
  const digest = new Uint8Array(32);
  kernels.sha256(digest, publicKey);
  return { secret, publicKey, id: digest.slice(0, 8), mac: Uint8Array.of(2, ...digest.subarray(0, 5)) };
}

/** wasm: hundreds of boards seal every frame, and an XX handshake multiplies eight points. */
export const { kernels, curve } = loadWasmKernels();

/** A station's point multiplications, and where its randomness comes from. */
export function cryptoOf({ secret }: Pick<Identity, 'secret'>, random: (octets: number) => Uint8Array): InlineCrypto {
  const tools = { curve, hashes: kernels };
  return inlineCrypto({ ...tools, ownEcdh: (peer) => sharedSecret(tools, secret, peer), random });
}

/** Caps of a board, raised where the topology asks for more than a board holds; a real board there would need the memory. */
export function capsFor(topology: Topology): Partial<NodeCaps> {
  const { neighbours, destinations } = defaultCaps.board;
  const heard = new Int32Array(topology.nodes);
  for (const { to, prr } of topology.links) if (prr > 0) heard[to]! += 1;
  const wanted = { neighbours: Math.max(...heard), destinations: 2 ** Math.ceil(Math.log2(topology.nodes * 1.25)) };
  return {
    ...(wanted.neighbours > neighbours && { neighbours: wanted.neighbours }),
    ...(wanted.destinations > destinations && { destinations: wanted.destinations }),
  };
}
