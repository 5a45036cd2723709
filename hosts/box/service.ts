/** A service of the box beside traffic: the chain, channels, content. The daemon starts each one of services.ts and joins it to the mesh and the HTTP face. */
import type { FastifyInstance } from 'fastify';
import type { Clock, Kernels } from '../../firmware/core/ports/index.js';
import type { Address } from '../../firmware/core/transport/index.js';
import type { Problem } from '../node/index.js';
import type { Access } from './access/index.js';
import type { ContentStore, StateFolder } from './store/index.js';
import type { Outcome } from './traffic/index.js';

/** What a service may use of the daemon. */
export interface ServiceContext {
  /** State folder of the box; a service keeps its files in one folder of its own there. */
  readonly state: string;
  /** Node id of the box, 16 hexadecimal digits. */
  readonly id: string;
  readonly signer: StateFolder['signer'];
  readonly hashes: Kernels;
  readonly clock: Clock;
  /** The one store of octets. */
  readonly content: ContentStore;
  /** Proofs of phones' keys. */
  readonly access: Access;
  /** Lines for a person; never a secret. */
  readonly log: (line: string) => void;
  /** Shown by `meshbox status` and the console until the daemon restarts. */
  readonly report: (problem: Problem) => void;
  /** One application message over the mesh, at most what transport takes. */
  readonly send: (to: Address, payload: Uint8Array) => Promise<Outcome>;
}

export interface Service {
  /** Adds its routes; refusals are thrown as a Problem. */
  readonly routes?: (app: FastifyInstance) => Promise<void> | void;
  /** A whole message from the mesh that no earlier service took; true: it is this service's. */
  readonly message?: (from: Address, payload: Uint8Array) => boolean;
  /** Everything durable, every socket closed. */
  readonly stop: () => Promise<void> | void;
}

/** Fails with a Problem that names what is wrong and the remedy. */
export type StartService = (context: ServiceContext) => Promise<Service>;
