/**
 * `/ipfs/{cid}[/path]`: the trustless gateway (raw blocks and CARs, which a client checks by itself) and plain HTTP with ranges for browsers and players.
 * https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */
import { Readable } from 'node:stream';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { UnixFSEntry } from 'ipfs-unixfs-exporter';
import type { CID } from 'multiformats/cid';
import { Problem } from '../../node/index.js';
import { octetsOfFile, parseCid, resolve, type ContentStore } from '../store/index.js';
import { carOf } from './car.js';
import { blocksOf, missingBlock, type EntityBytes, type GetBlock, type Scope } from './dag.js';
import { mediaTypeOf } from './media-type.js';

/** What does not change may be kept for as long as HTTP can say (gateway specification, Cache-Control). */
const FOREVER = 'public, max-age=29030400, immutable';
const RAW_TYPE = 'application/vnd.ipld.raw';
const CAR_TYPE = 'application/vnd.ipld.car';

export interface GatewayOptions {
  readonly store: ContentStore;
  /** Fails with a Problem if this client may not have it. */
  readonly check: (cid: string, request: FastifyRequest) => void;
}

interface Query {
  readonly format?: string;
  readonly 'dag-scope'?: string;
  readonly 'entity-bytes'?: string;
  readonly 'car-version'?: string;
  readonly download?: string;
  readonly filename?: string;
}

type GatewayRequest = FastifyRequest<{ Params: { cid: string; '*'?: string }; Querystring: Query }>;

export function serveGateway(app: FastifyInstance, options: GatewayOptions): void {
  const answer = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => serve(options, request as GatewayRequest, reply);
  app.get('/ipfs/:cid', answer);
  app.get('/ipfs/:cid/*', answer);
}

async function serve({ store, check }: GatewayOptions, request: GatewayRequest, reply: FastifyReply): Promise<FastifyReply> {
  const root = parseCid(request.params.cid);
  if (!root) throw new Problem('bad-request', `"${request.params.cid}" is not a CID`, 'Give one like bafybei... or bafkrei...');
  check(root.toString(), request);
  const path = (request.params['*'] ?? '').split('/').filter((name) => name !== '');
  const format = formatOf(request);
  void reply
    .header('x-ipfs-path', encodeURI(`/ipfs/${[request.params.cid, ...path].join('/')}`))
    .header('x-content-type-options', 'nosniff');
  if (format === 'raw') return sendRaw(store, request, reply, await target(store, root, path));
  if (format === 'car') return sendCar(store, request, reply, root, path);
  return sendFile(store, request, reply, root, path);
}

/** The query says it, else the first Accept header that we know; else a plain file. */
function formatOf({ query, headers }: GatewayRequest): 'raw' | 'car' | 'plain' {
  const wanted = query.format ?? '';
  if (wanted === 'raw' || wanted === 'car') return wanted;
  if (wanted !== '')
    throw new Problem('bad-request', `the format "${wanted}" is not served`, 'Ask for format=raw or format=car, or leave it out.');
  const accept = headers.accept ?? '';
  const car = accept.split(',').find((each) => each.trim().startsWith(CAR_TYPE));
  if (car && /version=([^;]+)/.exec(car)?.[1]?.trim() !== '1' && car.includes('version='))
    throw new Problem('bad-request', 'only CAR version 1 is served', 'Ask for version=1.');
  if (car) return 'car';
  return accept.includes(RAW_TYPE) ? 'raw' : 'plain';
}

async function target(store: ContentStore, root: CID, path: readonly string[]): Promise<CID> {
  return path.length === 0 ? root : (await resolve(store, root, path)).cid;
}

async function sendRaw(store: ContentStore, request: GatewayRequest, reply: FastifyReply, cid: CID): Promise<FastifyReply> {
  if (unchanged(request, reply, `"${cid.toString()}.raw"`)) return reply.code(304).send();
  const bytes = await store.block(cid);
  if (!bytes) throw missingBlock(cid);
  store.touch(cid.toString());
  void reply.header('content-disposition', `attachment; filename="${cid.toString()}.bin"`);
  return sendOctets(request, reply, RAW_TYPE, bytes.length, async function* (from, to) {
    yield bytes.subarray(from, to + 1);
  });
}

async function sendCar(
  store: ContentStore,
  request: GatewayRequest,
  reply: FastifyReply,
  root: CID,
  path: readonly string[],
): Promise<FastifyReply> {
  const { query } = request;
  const scope = query['dag-scope'] ?? 'all';
  if (scope !== 'all' && scope !== 'entity' && scope !== 'block')
    throw new Problem('bad-request', `there is no dag-scope "${scope}"`, 'Use block, entity or all.');
  if (query['car-version'] !== undefined && query['car-version'] !== '1')
    throw new Problem('bad-request', 'only CAR version 1 is served', 'Ask for car-version=1.');
  const range = query['entity-bytes'] === undefined ? undefined : parseEntityBytes(query['entity-bytes']);
  const end = await target(store, root, path);
  const tag = `W/"${[root, ...path, scope, query['entity-bytes'] ?? ''].join('.')}.car"`;
  if (unchanged(request, reply, encodeURI(tag))) return reply.code(304).send();
  const name = query.filename ?? `${end.toString()}.car`;
  void reply
    .header('content-type', `${CAR_TYPE}; version=1; order=dfs; dups=n`)
    .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
    .header('accept-ranges', 'none');
  const get: GetBlock = (cid) => store.block(cid);
  if (!(await get(end))) throw missingBlock(end);
  store.touch(end.toString());
  if (request.method === 'HEAD') return reply.send();
  return reply.send(carOf([end], carBlocks(store, root, path, end, scope, range)));
}

/** The blocks that lead along the path, each once, then those of what lies at its end. */
async function* carBlocks(
  store: ContentStore,
  root: CID,
  path: readonly string[],
  end: CID,
  scope: Scope,
  range: EntityBytes | undefined,
): AsyncGenerator<{ cid: CID; bytes: Uint8Array }> {
  const seen = new Set<string>();
  const recorded: { cid: CID; bytes: Uint8Array }[] = [];
  const watched = {
    async *get(cid: CID) {
      const bytes = await store.block(cid);
      if (!bytes) throw missingBlock(cid);
      recorded.push({ cid, bytes });
      yield bytes;
    },
  };
  if (path.length > 0) {
    const { exporter } = await import('ipfs-unixfs-exporter');
    await exporter([root.toString(), ...path].join('/'), watched);
  }
  for (const block of recorded) {
    if (seen.has(block.cid.toString()) || block.cid.equals(end)) continue;
    seen.add(block.cid.toString());
    yield block;
  }
  for await (const block of blocksOf((cid) => store.block(cid), end, scope, range)) if (!seen.has(block.cid.toString())) yield block;
}

async function sendFile(
  store: ContentStore,
  request: GatewayRequest,
  reply: FastifyReply,
  root: CID,
  path: readonly string[],
): Promise<FastifyReply> {
  let entry = await resolve(store, root, path);
  let name = path.at(-1) ?? store.entry(root.toString())?.root?.name ?? entry.cid.toString();
  if (entry.type === 'directory') {
    const index = await resolve(store, entry.cid, ['index.html']).catch(() => undefined);
    if (!index) return sendListing(request, reply, entry);
    if (!request.url.split('?')[0]!.endsWith('/')) return reply.redirect(`${request.url.split('?')[0]!}/`, 301);
    [entry, name] = [index, 'index.html'];
  }
  const file = entry;
  const own = path.length === 0 ? store.entry(root.toString())?.root?.mediaType : undefined;
  const type = own !== undefined && own !== 'application/octet-stream' ? own : mediaTypeOf(extname(name));
  if (unchanged(request, reply, `"${file.cid.toString()}"`)) return reply.code(304).send();
  const shown = request.query.filename ?? name;
  const attached = request.query.download === 'true' || /html|svg|xml|javascript/.test(type);
  void reply
    .header(
      'content-disposition',
      `${attached && name !== 'index.html' ? 'attachment' : 'inline'}; filename*=UTF-8''${encodeURIComponent(shown)}`,
    )
    // What strangers published never runs as a page of this box.
    .header('content-security-policy', "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox");
  store.touch(root.toString());
  return sendOctets(request, reply, type, Number(file.size), (from, to) => octetsOfFile(store, file, from, to - from + 1));
}

async function sendListing(
  request: GatewayRequest,
  reply: FastifyReply,
  folder: Extract<UnixFSEntry, { type: 'directory' }>,
): Promise<FastifyReply> {
  const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const base = request.url.split('?')[0]!.replace(/\/+$/, '');
  const lines = [];
  for await (const { name, size } of folder.entries() as AsyncIterable<{ name: string; size?: bigint }>)
    lines.push(`<li><a href="${escape(`${base}/${encodeURIComponent(name)}`)}">${escape(name)}</a> ${String(size ?? '')}</li>`);
  return reply
    .header('content-security-policy', "default-src 'none'; sandbox allow-top-navigation-by-user-activation")
    .type('text/html; charset=utf-8')
    .send(`<!doctype html><meta charset="utf-8"><title>${escape(base)}</title><ul>${lines.join('\n')}</ul>`);
}

/** Whole or one range (RFC 9110, 14.1.2); several ranges are answered whole, as that allows. */
function sendOctets(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  size: number,
  read: (from: number, to: number) => AsyncIterable<Uint8Array>,
): FastifyReply {
  void reply.header('content-type', type).header('accept-ranges', 'bytes');
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  let [from, to] = [0, size - 1];
  if (range && (range[1] !== '' || range[2] !== '')) {
    from = range[1] === '' ? Math.max(0, size - Number(range[2])) : Number(range[1]);
    to = range[1] === '' || range[2] === '' ? size - 1 : Math.min(Number(range[2]), size - 1);
    if (from > to) return reply.code(416).header('content-range', `bytes */${size}`).removeHeader('content-disposition').send();
    void reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`);
  }
  void reply.header('content-length', to - from + 1);
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  if (size === 0) return reply.send('');
  return reply.send(Readable.from(read(from, to)));
}

function unchanged(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  void reply.header('etag', tag).header('cache-control', FOREVER);
  const known = (request.headers['if-none-match'] ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  return known.includes(tag.replace(/^W\//, '')) || known.includes('*');
}

function parseEntityBytes(text: string): EntityBytes {
  const found = /^(-?\d+):(-?\d+|\*)$/.exec(text);
  if (!found) throw new Problem('bad-request', `"${text}" are no entity-bytes`, 'Give from:to, for example 0:1023 or 1024:*.');
  return { from: Number(found[1]), to: found[2] === '*' ? undefined : Number(found[2]) };
}
