/** Channels as a service of the daemon. */
import { join } from 'node:path';
import { buildKernels } from '../../../assembly/build.mjs';
import { loadWasmKernels } from '../../../assembly/wasm/node.js';
import { decodePayment } from '../../../firmware/core/wire/index.js';
import { messageOf, Problem } from '../../node/index.js';
import { openOwner } from '../owner.js';
import type { Service, ServiceContext } from '../service.js';
import { channelRoutes } from './api.js';
import { BoxChannels } from './box-channels.js';

export async function startChannels(context: ServiceContext): Promise<Service> {
  const { state, signer, clock, log, report } = context;
  const owner = await openOwner(state);
  await buildKernels();
  const { kernels, curve } = loadWasmKernels();
  const box = await BoxChannels.open({
    folder: join(state, 'channels'),
    key: signer.key,
    signer,
    kernels,
    curve,
    clock,
    log,
    send: (to, payload) => void context.send({ node: to }, payload),
    failed: (error) =>
      report(
        new Problem(
          'channels-write',
          `channels cannot be stored: ${messageOf(error)}`,
          'Nothing is paid until they can: free the disk of the state folder, then restart the daemon.',
        ),
      ),
  });
  return {
    async routes(app) {
      await app.register(async (scope) => channelRoutes(scope, box, owner));
    },
    message(from, payload) {
      if (typeof decodePayment(payload, 0, payload.length) === 'number') return false;
      box.message(from.node, payload);
      return true;
    },
    stop: () => box.stop(),
  };
}
