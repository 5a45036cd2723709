/** Server-sent events: one stream per client, each bounded. */
import type { FastifyReply } from 'fastify';
import { Problem } from '../../node/index.js';
import type { Event, Island, Status } from './types.js';

/** Clients at a time: a console per screen and a few command lines. */
const CLIENTS = 32;
/** Octets a client may leave unread before it is cut off; it reconnects and starts afresh. */
const BACKLOG = 1 << 20;
/** Keeps proxies and sleeping laptops from taking silence for a dead line (WHATWG HTML, section 9.2.7, advises about 15 s). */
const HEARTBEAT = 15_000;

interface Source {
  status(): Status;
  island(): Island;
  subscribe(listener: (event: Event) => void): () => void;
}

export class EventStream {
  readonly #source: Source;
  readonly #clients = new Set<FastifyReply['raw']>();
  readonly #unsubscribe: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(source: Source) {
    this.#source = source;
    this.#unsubscribe = source.subscribe((event) => this.#broadcast(encode(event)));
    this.#heartbeat = setInterval(() => this.#broadcast(':\n\n'), HEARTBEAT);
  }

  attach(reply: FastifyReply): void {
    if (this.#clients.size >= CLIENTS)
      throw new Problem('too-busy', `${CLIENTS} clients follow the events already`, 'Close a console or a command line that follows them.');
    reply.hijack();
    const client = reply.raw;
    client.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    client.on('close', () => this.#clients.delete(client));
    this.#clients.add(client);
    client.write(encode({ type: 'status', status: this.#source.status() }) + encode({ type: 'island', island: this.#source.island() }));
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
    for (const client of this.#clients) client.end();
  }

  #broadcast(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > BACKLOG) client.destroy();
      else client.write(text);
    }
  }
}

function encode(event: Event): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
