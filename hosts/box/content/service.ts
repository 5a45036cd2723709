/**
 * Content as a service of the daemon: what is here, what comes in, what goes out, over HTTP and over the mesh.
 *
 *   GET    /ipfs/<cid>[/path]                    gateway.ts
 *   GET    /api/content                          roots, what is on its way, octets by class
 *   POST   /api/content?name=&type=              a file as application/octet-stream
 *          /api/content/uploads                  uploads.ts
 *   POST   /api/content/trees                    {name, files: [{path, cid}]}: a folder of files that are here
 *   POST   /api/content/car?name=                a CAR as application/vnd.ipld.car
 *   GET    /api/content/<cid>/outboard           leaf and piece hashes
 *   POST   /api/content/<cid>/fetch              {from: [...], name?, class?}; GET tells how far it is, DELETE stops it
 *   PATCH  /api/content/<cid>                    {class}
 *   DELETE /api/content/<cid>
 *   POST   /api/content/scrub                    {from: [...]}
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CID } from 'multiformats/cid';
import { Problem } from '../../node/index.js';
import { openOwner, type Owner } from '../owner.js';
import type { Service, ServiceContext } from '../service.js';
import { addTree, CLASSES, parseCid, type Class, type ContentStore, type TreeFile } from '../store/index.js';
import { importCar } from './car.js';
import { Downloads } from './downloads.js';
import { serveGateway } from './gateway.js';
import { MeshContent } from './mesh.js';
import { takeUploads } from './uploads.js';

/** A request that names the files of a folder: 100,000 of 80 octets. */
const TREE_LIMIT = 16 * 1024 * 1024;

export async function startContent(context: ServiceContext): Promise<Service> {
  const { content: store } = context;
  const owner = await openOwner(context.state);
  const mesh = new MeshContent({ store, clock: context.clock, send: context.send, log: context.log });
  const downloads = new Downloads(store, mesh);
  return {
    routes: (app) => serve(app, store, owner, downloads),
    message: (from, payload) => mesh.message(from, payload),
    stop() {
      downloads.stop();
      mesh.stop();
    },
  };
}

async function serve(app: FastifyInstance, store: ContentStore, owner: Owner, downloads: Downloads): Promise<void> {
  /** Only the owner changes what is here: from this machine, or with the token. */
  const check = (request: FastifyRequest): void => {
    if (!isLoopback(request.ip)) owner.check(request);
  };
  serveGateway(app, { store, check: () => undefined });
  await app.register(async (scope) => takeUploads(scope, store, check));

  app.get('/api/content', async () => ({
    items: store.roots().map((entry) => ({
      cid: entry.cid,
      kind: entry.kind === 'file' ? 'file' : 'folder',
      octets: store.octetsOf(entry.cid),
      missing: store.missing(entry.cid).length,
      ...entry.root,
    })),
    partial: await store.partials(),
    usage: store.usage(),
  }));

  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      ['application/octet-stream', 'application/vnd.ipld.car'],
      (_request: FastifyRequest, body: Readable, done: (error: null, body: Readable) => void) => done(null, body),
    );
    scope.post<{ Querystring: Named; Body: Readable }>('/api/content', { schema: { querystring: named } }, async (request, reply) => {
      check(request);
      const { name, type: mediaType, class: kept } = request.query;
      const { cid, octets, root } = await store.add(request.body, { name, mediaType, class: kept });
      return reply.code(201).send({ cid, octets, ...root });
    });
    scope.post<{ Querystring: Named; Body: Readable }>('/api/content/car', { schema: { querystring: named } }, async (request, reply) => {
      check(request);
      return reply.code(201).send(await importCar(store, request.body, { name: request.query.name, class: request.query.class }));
    });
  });

  app.post<{ Body: { name: string; files: TreeFile[] } }>(
    '/api/content/trees',
    { schema: { body: treeBody }, bodyLimit: TREE_LIMIT },
    async (request, reply) => {
      check(request);
      const { name, files } = request.body;
      const { cid, root } = await addTree(store, files, { name, mediaType: 'inode/directory' });
      // They were roots until the folder holds them.
      await store.unlist(files.flatMap((file) => (file.cid === undefined ? [] : [file.cid])));
      return reply.code(201).send({ cid, octets: store.octetsOf(cid), ...root });
    },
  );

  type ByCid<Body = unknown> = { Params: { cid: string }; Body: Body };
  app.get<ByCid>('/api/content/:cid/outboard', async (request, reply) => {
    const outboard = await store.outboard(cidOfRequest(request).toString());
    return reply.type('application/octet-stream').send(Buffer.from(outboard.encode()));
  });
  app.post<ByCid<{ from: string[]; name?: string; class: Class }>>(
    '/api/content/:cid/fetch',
    { schema: { body: fetchBody } },
    async (request, reply) => {
      check(request);
      const { from, name, class: kept } = request.body;
      return reply.code(202).send(downloads.start(cidOfRequest(request), { from, class: kept, ...(name !== undefined && { name }) }));
    },
  );
  app.get<ByCid>('/api/content/:cid/fetch', (request) => downloads.status(cidOfRequest(request)));
  app.delete<ByCid>('/api/content/:cid/fetch', async (request, reply) => {
    check(request);
    downloads.cancel(cidOfRequest(request));
    return reply.code(204).send();
  });
  app.patch<ByCid<{ class: Class }>>('/api/content/:cid', { schema: { body: pinBody } }, async (request) => {
    check(request);
    const { cid, root } = await store.pin(cidOfRequest(request).toString(), { class: request.body.class });
    return { cid, ...root };
  });
  app.delete<ByCid>('/api/content/:cid', async (request) => {
    check(request);
    return { freed: await store.delete(cidOfRequest(request).toString()) };
  });
  app.post<{ Body: { from: string[] } }>('/api/content/scrub', { schema: { body: scrubBody } }, async (request) => {
    check(request);
    return { found: await store.scrub((cid, at, octets) => downloads.repair(request.body.from, cid, at, octets)) };
  });
}

function cidOfRequest(request: FastifyRequest<{ Params: { cid: string } }>): CID {
  const cid = parseCid(request.params.cid);
  if (!cid) throw new Problem('bad-request', `"${request.params.cid}" is not a CID`, 'Give one like bafybei... or bafkrei...');
  return cid;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

interface Named {
  readonly name: string;
  readonly type: string;
  readonly class: Class;
}
/** A name is for people: never a path. */
const name = { type: 'string', maxLength: 255, pattern: '^[^/\\\\\\u0000-\\u001f]*$', default: '' };
const kept = { type: 'string', enum: CLASSES };
const mediaType = { type: 'string', maxLength: 80, pattern: '^[a-z]+/[A-Za-z0-9!#$&^_.+-]+$', default: 'application/octet-stream' };
const named = { type: 'object', additionalProperties: false, properties: { name, type: mediaType, class: { ...kept, default: 'mine' } } };
const treeBody = {
  type: 'object',
  required: ['files'],
  additionalProperties: false,
  properties: {
    name,
    files: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path'],
        additionalProperties: false,
        properties: { path: { type: 'string', maxLength: 4_096 }, cid: { type: 'string', maxLength: 100 } },
      },
    },
  },
};
const holder = { type: 'string', maxLength: 255, pattern: '^(https?://[^/]+|[0-9a-f]{16}(/[0-9a-f]{16})?)$' };
const from = { type: 'array', maxItems: 32, items: holder };
const fetchBody = {
  type: 'object',
  required: ['from'],
  additionalProperties: false,
  properties: { from, name, class: { ...kept, default: 'cache' } },
};
const scrubBody = { type: 'object', required: ['from'], additionalProperties: false, properties: { from } };
const pinBody = { type: 'object', required: ['class'], additionalProperties: false, properties: { class: kept } };
