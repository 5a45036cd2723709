/** The HTTP face of the daemon: routes of types.ts, static console, live events. */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import fastifyStatic from '@fastify/static';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { messageOf, Problem, systemCode } from '../../node/index.js';
import type { Service } from '../service.js';
import { EventStream } from './event-stream.js';
import { fileQuery, messageBody, pingBody, sha256Params } from './schemas.js';
import type { ApiError, Event, FileInfo, Island, Message, PingResult, Status } from './types.js';

/** A JSON request holds an address and a text of at most 2,000 octets; escapes make that at most six times as long. */
const JSON_LIMIT = 16 * 1024;
/** Octets of a text, app.cddl. */
const TEXT_LIMIT = 2_000;

/** What the server needs of the daemon. */
export interface BoxFace {
  status(): Status;
  island(): Island;
  messages(): Message[];
  files(): FileInfo[];
  sendText(to: string, text: string): Promise<Message>;
  sendFile(to: string, name: string, mediaType: string, body: Readable): Promise<FileInfo>;
  /** Where the octets of a whole file are. */
  content(sha256: string): { readonly path: string; readonly mediaType: string; readonly name: string } | undefined;
  ping(to: string): Promise<PingResult>;
  subscribe(listener: (event: Event) => void): () => void;
}

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** Folder of the built console. */
  readonly console: string;
  /** Folder of the built phone app, served at /app/. */
  readonly app?: string;
  readonly log: (line: string) => void;
  readonly services?: readonly Pick<Service, 'routes'>[];
}

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Fails with a Problem `port-busy`, `port-denied` or `host-unknown`. */
export async function startServer(box: BoxFace, options: ServerOptions): Promise<Server> {
  const app = fastify({ bodyLimit: JSON_LIMIT, forceCloseConnections: true, trustProxy: false });
  refuseForeignPages(app);
  speakErrors(app, options.log);
  await app.register(fastifyStatic, { root: options.console, serve: false });
  await serveConsole(app, options.console);
  if (options.app !== undefined && existsSync(options.app))
    await app.register(fastifyStatic, { root: options.app, prefix: '/app/', redirect: true, decorateReply: false });
  serveApi(app, box);
  await app.register(async (scope) => takeFiles(scope, box));
  for (const { routes } of options.services ?? []) if (routes) await app.register(async (scope) => routes(scope));
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw explainListen(error, options);
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`, stop: () => app.close() };
}

function serveApi(app: FastifyInstance, box: BoxFace): void {
  app.get('/api/status', () => box.status());
  app.get('/api/island', () => box.island());
  app.get('/api/messages', () => box.messages());
  app.get('/api/files', () => box.files());

  app.post<{ Body: { to: string; text: string } }>('/api/messages', { schema: { body: messageBody } }, async (request, reply) => {
    const { to } = request.body;
    const text = Buffer.from(request.body.text).toString(); // Lone surrogates, which JSON allows and UTF-8 does not, become U+FFFD.
    if (Buffer.byteLength(text) > TEXT_LIMIT)
      throw new Problem(
        'too-large',
        `the text has ${Buffer.byteLength(text)} octets, a message takes ${TEXT_LIMIT}`,
        'Shorten it, or send it as a file.',
      );
    return reply.code(202).send(await box.sendText(to, text));
  });

  app.get<{ Params: { sha256: string } }>('/api/files/:sha256', { schema: { params: sha256Params } }, async (request, reply) => {
    const { sha256 } = request.params;
    const found = box.content(sha256);
    if (!found)
      throw new Problem(
        'not-found',
        `there is no whole file ${sha256} here`,
        'List the files with GET /api/files; one that is still moving can be fetched when it is complete.',
      );
    return sendContent(reply, found);
  });

  app.post<{ Body: { to: string } }>('/api/ping', { schema: { body: pingBody } }, (request) => box.ping(request.body.to));

  const events = new EventStream(box);
  app.get('/api/events', (_request, reply) => events.attach(reply));
  app.addHook('preClose', async () => events.close());
}

/** Bodies of files are streamed to disk; everything else keeps fastify's JSON parser and its limit. */
function takeFiles(scope: FastifyInstance, box: BoxFace): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/octet-stream',
    (_request: FastifyRequest, body: Readable, done: (error: null, body: Readable) => void) => done(null, body),
  );
  scope.post<{ Querystring: { to: string; name: string; type: string }; Body: Readable }>(
    '/api/files',
    { schema: { querystring: fileQuery } },
    async (request, reply) => {
      const { to, name, type } = request.query;
      return reply.code(202).send(await box.sendFile(to, name, type, request.body));
    },
  );
}

/** What came over the mesh must not run as a page of ours: no script, no sniffing, and only plain pictures are shown in place. */
function sendContent(reply: FastifyReply, { path, mediaType, name }: { path: string; mediaType: string; name: string }): FastifyReply {
  const inPlace = /^image\/(jpeg|png|gif|webp|avif)$/.test(mediaType);
  void reply
    .header('content-type', mediaType)
    .header('content-disposition', `${inPlace ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('x-content-type-options', 'nosniff');
  return reply.sendFile(basename(path), dirname(path), { contentType: false, immutable: true, maxAge: '365d' });
}

async function serveConsole(app: FastifyInstance, folder: string): Promise<void> {
  if (existsSync(folder)) return void (await app.register(fastifyStatic, { root: folder, decorateReply: false }));
  app.get('/', (_request, reply) =>
    reply.code(503).type('text/plain; charset=utf-8').send('The console is not built. Run `npm start` once, or use the API under /api/.\n'),
  );
}

/** Cross-site request forgery and DNS rebinding: a page of another site may neither act nor read. */
function refuseForeignPages(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const host = request.headers.host ?? '';
    const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (isIP(name) === 0 && name !== 'localhost' && !name.endsWith('.meshbox.lan'))
      throw new Problem('foreign-host', `"${name}" is not a name of this box`, 'Use its address, localhost, or its .meshbox.lan name.');
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const origin = request.headers.origin;
    const site = request.headers['sec-fetch-site'];
    if (
      (origin !== undefined && origin !== `${request.protocol}://${host}`) ||
      (site !== undefined && site !== 'same-origin' && site !== 'none')
    )
      throw new Problem(
        'foreign-origin',
        'the request comes from a page of another site',
        'Use the console of this box or the command line.',
      );
    if (/^(text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(request.headers['content-type'] ?? ''))
      throw new Problem(
        'form-type',
        'the content type is one that a form of another site can send',
        'Send JSON as application/json, and a file as application/octet-stream.',
      );
  });
}

/** Of the problems that are not simply a bad request. */
const statusOf: Readonly<Record<string, number>> = {
  challenge: 401,
  signature: 401,
  'no-session': 401,
  balance: 402,
  'owner-only': 403,
  'foreign-host': 403,
  'foreign-origin': 403,
  denied: 403,
  'not-found': 404,
  'missing-block': 404,
  'too-large': 413,
  'form-type': 415,
  refused: 409,
  'wrong-offset': 409,
  damaged: 500,
  'too-busy': 503,
  'gate-failed': 503,
  'no-answer': 504,
  'disk-full': 507,
  quota: 507,
};

function speakErrors(app: FastifyInstance, log: (line: string) => void): void {
  app.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const [status, body] = explain(error);
    if (status >= 500) log(`${request.method} ${request.url.split('?')[0]}: ${body.error.message}`);
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = {
      code: 'not-found',
      message: `there is nothing at ${request.method} ${request.url.split('?')[0]}`,
      remedy: 'The API is under /api/; the README of hosts/box lists it.',
    };
    return reply.code(404).send({ error } satisfies ApiError);
  });
}

function explain(error: FastifyError | Problem): [number, ApiError] {
  if (error instanceof Problem)
    return [statusOf[error.code] ?? 400, { error: { code: error.code, message: error.message, remedy: error.remedy } }];
  if (systemCode(error) === 'ENOSPC')
    return [
      507,
      {
        error: {
          code: 'disk-full',
          message: 'the disk of the state folder is full',
          remedy: 'Free some space on it; nothing that was stored is lost.',
        },
      },
    ];
  if (error.statusCode !== undefined && error.statusCode < 500) {
    const code = error.statusCode === 413 ? 'too-large' : 'bad-request';
    return [error.statusCode, { error: { code, message: error.message, remedy: 'Compare the request with the README of hosts/box.' } }];
  }
  return [
    500,
    {
      error: {
        code: 'internal',
        message: messageOf(error),
        remedy: "Try again; if it stays, restart the daemon and report it with the daemon's log.",
      },
    },
  ];
}

function explainListen(error: unknown, { host, port }: ServerOptions): Problem {
  const code = systemCode(error);
  if (code === 'EADDRINUSE')
    return new Problem(
      'port-busy',
      `port ${port} on ${host} is in use by another program`,
      `Stop that program (\`ss -ltnp 'sport = :${port}'\` names it), or choose another port with --port.`,
    );
  if (code === 'EACCES')
    return new Problem('port-denied', `this user may not listen on port ${port}`, 'Choose a port from 1024 up with --port.');
  return new Problem(
    'host-unknown',
    `the daemon cannot listen on ${host}:${port} (${messageOf(error)})`,
    'Choose an address of this machine with --host, for example 127.0.0.1.',
  );
}
