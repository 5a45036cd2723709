/** A box's chain as the daemon runs it: state folder, key file, JSON-RPC on a port. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { startChain } from '../../hosts/box/chain/service.js';
import type { ServiceContext } from '../../hosts/box/service.js';
import { createClock, openFileSigner, type Problem } from '../../hosts/node/index.js';

export interface Rig {
  readonly url: string;
  readonly state: string;
  readonly problems: Problem[];
  /** JSON-RPC. */
  rpc<T>(method: string, ...params: unknown[]): Promise<T>;
  get<T>(path: string): Promise<T>;
  post<T>(path: string): Promise<T>;
  stop(): Promise<void>;
}

export async function startRig(state = mkdtempSync(join(tmpdir(), 'chain-rig-'))): Promise<Rig> {
  const hashes = createKernels();
  const signer = await openFileSigner(join(state, 'box.key'), { curve: createCurveKernels(), hashes });
  const problems: Problem[] = [];
  const service = await startChain({
    state,
    id: '',
    signer,
    hashes,
    clock: createClock(),
    log: () => undefined,
    report: (problem: Problem) => void problems.push(problem),
    send: () => Promise.reject(new Error('no mesh here')),
  } as unknown as ServiceContext);
  const app = fastify({ forceCloseConnections: true });
  app.setErrorHandler((error: Problem, _request, reply) =>
    reply.code(500).send({ error: { code: error.code, message: error.message, remedy: error.remedy } }),
  );
  await app.register(async (scope) => service.routes?.(scope));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const json = async <T>(path: string, init?: RequestInit): Promise<T> => (await (await fetch(url + path, init)).json()) as T;
  return {
    url,
    state,
    problems,
    async rpc<T>(method: string, ...params: unknown[]): Promise<T> {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const answer = await json<{ result: T; error?: { message: string } }>('/rpc', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (answer.error) throw new Error(answer.error.message);
      return answer.result;
    },
    get: (path) => json(path),
    post: (path) => json(path, { method: 'POST' }),
    async stop() {
      await app.close();
      await service.stop();
    },
  };
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
