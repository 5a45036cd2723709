/**
 * Uploads that go on after an interruption of either end: the tus protocol 1.0.0 (creation, termination), which browsers have clients for.
 *
 *   POST   /api/content/uploads          Upload-Length, Upload-Metadata -> 201, Location
 *   HEAD   /api/content/uploads/<id>     -> Upload-Offset
 *   PATCH  /api/content/uploads/<id>     Upload-Offset, octets -> 204, Upload-Offset; with the last octet also Content-Cid
 *   DELETE /api/content/uploads/<id>
 */
import { randomUUID } from 'node:crypto';
import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../node/index.js';
import type { ContentStore, Entry } from '../store/index.js';

interface Upload {
  readonly octets: number;
  readonly name: string;
  readonly mediaType: string;
}

type ById = FastifyRequest<{ Params: { id: string }; Body: Readable }>;

const VERSION = '1.0.0';

export function takeUploads(app: FastifyInstance, store: ContentStore, check: (request: FastifyRequest) => void): void {
  const uploads = new Uploads(store);
  app.addContentTypeParser(
    'application/offset+octet-stream',
    (_request: FastifyRequest, body: Readable, done: (error: null, body: Readable) => void) => done(null, body),
  );
  const speak = (reply: FastifyReply): FastifyReply => reply.header('tus-resumable', VERSION).header('cache-control', 'no-store');
  app.post('/api/content/uploads', async (request, reply) => {
    check(request);
    const octets = Number(request.headers['upload-length']);
    if (!Number.isSafeInteger(octets) || octets < 0)
      throw new Problem('bad-request', 'the upload does not say its length', 'Send Upload-Length.');
    const { filename = '', filetype = 'application/octet-stream' } = metadataOf(request.headers['upload-metadata']);
    const id = await uploads.create({ octets, name: filename, mediaType: filetype });
    return speak(reply).code(201).header('location', `/api/content/uploads/${id}`).send();
  });
  app.head('/api/content/uploads/:id', async (request, reply) => {
    check(request);
    const { octets, offset } = await uploads.find((request as ById).params.id);
    return speak(reply).header('upload-offset', offset).header('upload-length', octets).send();
  });
  app.patch('/api/content/uploads/:id', async (request, reply) => {
    check(request);
    const { params, body, headers } = request as ById;
    const { offset, entry } = await uploads.append(params.id, Number(headers['upload-offset']), body);
    if (entry) void reply.header('content-cid', entry.cid);
    return speak(reply).code(204).header('upload-offset', offset).send();
  });
  app.delete('/api/content/uploads/:id', async (request, reply) => {
    check(request);
    await uploads.forget((request as ById).params.id);
    return speak(reply).code(204).send();
  });
}

class Uploads {
  readonly #store: ContentStore;
  readonly #busy = new Set<string>();

  constructor(store: ContentStore) {
    this.#store = store;
  }

  async create(upload: Upload): Promise<string> {
    const id = randomUUID();
    await this.#store.reserve(id, upload.octets);
    await this.#store.setPartialNote(id, Buffer.from(JSON.stringify(upload)));
    await writeFile(this.#part(id), '');
    return id;
  }

  async find(id: string): Promise<Upload & { readonly offset: number }> {
    if (!/^[0-9a-f-]{36}$/.test(id)) throw unknown(id);
    const note = await this.#store.partialNote(id);
    if (!note) throw unknown(id);
    return { ...(JSON.parse(note.toString()) as Upload), offset: (await stat(this.#part(id))).size };
  }

  /** What was received before the connection broke stays; the whole becomes an entry. */
  async append(id: string, at: number, body: AsyncIterable<Uint8Array>): Promise<{ readonly offset: number; readonly entry?: Entry }> {
    if (this.#busy.has(id))
      throw new Problem(
        'too-busy',
        'this upload is being written by another request',
        'Wait until that has ended, then ask for the offset.',
      );
    this.#busy.add(id);
    try {
      const { octets, offset, name, mediaType } = await this.find(id);
      if (at !== offset)
        throw new Problem(
          'wrong-offset',
          `the upload stands at ${offset}, not at ${at}`,
          'Ask for the offset with HEAD and go on from there.',
        );
      const handle = await open(this.#part(id), 'a');
      let next = offset;
      try {
        for await (const piece of body) {
          if (next + piece.length > octets)
            throw new Problem('too-large', `more than the ${octets} octets that were announced`, 'Begin a new upload.');
          await handle.appendFile(piece);
          next += piece.length;
        }
      } catch (error) {
        // A client that went away: what has come stays.
        if (error instanceof Problem) throw error;
        return { offset: next };
      } finally {
        await handle.datasync();
        await handle.close();
      }
      if (next < octets) return { offset: next };
      const entry = await this.#store.adopt(this.#part(id), { name, mediaType });
      await this.forget(id);
      return { offset: next, entry };
    } finally {
      this.#busy.delete(id);
    }
  }

  async forget(id: string): Promise<void> {
    if (/^[0-9a-f-]{36}$/.test(id)) await this.#store.discard(id);
  }

  #part(id: string): string {
    return join(this.#store.folder, 'partial', `${id}.part`);
  }
}

/** `name base64, name base64` */
function metadataOf(header: string | string[] | undefined): Record<string, string> {
  const pairs = String(header ?? '')
    .split(',')
    .map((pair) => pair.trim().split(' '));
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, Buffer.from(value, 'base64').toString()]));
}

function unknown(id: string): Problem {
  return new Problem(
    'not-found',
    `there is no upload ${id}`,
    'Begin a new one: an upload ends when it is whole, and is forgotten when it is deleted.',
  );
}
