/**
 * The chain as a service of the box. The daemon need not wait for it: the engine is loaded while everything else runs already, and questions wait.
 * Without a genesis file in the state folder a development chain of this box alone is made: `chain/genesis.json`.
 */
import type { ServiceContext, StartService } from '../service.js';
import type { Dispatch } from './rpc/server.js';
import { rpcRoutes } from './rpc/server.js';
import type { ChainNode } from './node.js';

export const startChain: StartService = async (context: ServiceContext) => {
  const started: Promise<ChainNode> = import('./node.js').then(({ startNode }) => startNode(context));
  started.catch(() => undefined); // Reported by startNode; whoever asks is told the same.
  return {
    async routes(app) {
      await rpcRoutes(app, async (): Promise<Dispatch> => (await started).dispatch);
      app.get('/api/chain', async () => (await started).status());
      app.get('/api/chain/peers', async () => (await started).peers());
      app.get<{ Querystring: { count?: number } }>('/api/chain/blocks', { schema: { querystring: blocksQuery } }, async ({ query }) =>
        (await started).blocks(query.count ?? 20),
      );
      app.get('/api/chain/weights', async () => (await started).weights());
      app.post('/api/chain/snapshot', async () => (await started).snapshot());
      app.post('/api/chain/verify', async () => (await started).verify());
    },
    async stop() {
      await started.then(
        (node) => node.stop(),
        () => undefined,
      );
    },
  };
};

const blocksQuery = {
  type: 'object',
  properties: { count: { type: 'integer', minimum: 1, maximum: 1_000 } },
} as const;
