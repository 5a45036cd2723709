/** A box's content over HTTP, without its mesh: the real service behind the real server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { startServer, type BoxFace } from '../../hosts/box/api/index.js';
import { startContent } from '../../hosts/box/content/index.js';
import type { ServiceContext } from '../../hosts/box/service.js';
import { ContentStore, type ContentOptions } from '../../hosts/box/store/index.js';
import { createClock, openFileSigner } from '../../hosts/node/index.js';

export interface ContentBox {
  readonly url: string;
  readonly folder: string;
  readonly store: ContentStore;
  readonly context: ServiceContext;
  /** Of the server and everything on the disk. */
  destroy(): Promise<void>;
  /** The process ends; the disk stays. */
  stop(): Promise<void>;
}

export async function startContentBox(
  options: { readonly folder?: string; readonly content?: ContentOptions; readonly port?: number } = {},
): Promise<ContentBox> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'meshbox-box-')));
  const store = await ContentStore.open(join(folder, 'content'), options.content);
  const hashes = createKernels();
  const context = {
    state: folder,
    id: '0000000000000001',
    signer: await openFileSigner(join(folder, 'box.key'), { curve: createCurveKernels(), hashes }),
    hashes,
    clock: createClock(),
    content: store,
    log: () => undefined,
    report: () => undefined,
    send: () => Promise.resolve('unknown' as const),
    // What other services of a daemon use.
  } as Partial<ServiceContext> as ServiceContext;
  const service = await startContent(context);
  const server = await startServer({ subscribe: () => () => undefined } as unknown as BoxFace, {
    host: '127.0.0.1',
    port: options.port ?? 0,
    console: join(folder, 'none'),
    log: () => undefined,
    services: [service],
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await server.stop();
    await store.close();
  };
  return {
    url: server.url,
    folder,
    store,
    context,
    stop,
    async destroy() {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}
