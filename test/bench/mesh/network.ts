/** A mesh under test, whatever protocol it speaks: what a scenario needs of it. */
import type { Reach } from '../../../hosts/sim/ground-truth.js';
import type { Topology } from '../../../hosts/sim/topology.js';
import type { World, WorldObserver } from '../../../hosts/sim/world.js';

export interface Network {
  readonly world: World;
  /** Where packets would end by the next hops that the nodes hold now; undefined of a flood, which has none. */
  reach(): Reach | undefined;
  /** A message with an answer from end to end, repeated by its sender as its protocol does; `answered` or `givenUp` follows. */
  ask(from: number, to: number, token: number): void;
  /** Whether a frame only keeps the mesh going. */
  isControl(bytes: Uint8Array): boolean;
  stop(): Promise<void>;
}

export interface NetworkOptions {
  readonly seed: number;
  readonly topology: Topology;
  readonly observer: WorldObserver;
  readonly answered: (token: number) => void;
  readonly givenUp: (token: number) => void;
}

export type MakeNetwork = (options: NetworkOptions) => Network;
