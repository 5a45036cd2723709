/** The daemon's HTTP API as the commands use it. Every failure is a Problem that says what to do. */
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { messageOf, Problem, systemCode } from '../node/index.js';
import type { ApiError, Event, FileInfo, Island, Message, PingResult, Status } from '../box/api/types.js';

export class ApiClient {
  readonly #base: string;

  /** @param base address of the daemon, for example http://127.0.0.1:8480 */
  constructor(base: string) {
    this.#base = base.replace(/\/+$/, '');
  }

  status = (): Promise<Status> => this.#json('/api/status');
  island = (): Promise<Island> => this.#json('/api/island');
  messages = (): Promise<Message[]> => this.#json('/api/messages');
  files = (): Promise<FileInfo[]> => this.#json('/api/files');
  sendText = (to: string, text: string): Promise<Message> => this.request('POST', '/api/messages', { to, text });
  ping = (to: string): Promise<PingResult> => this.request('POST', '/api/ping', { to });

  sendFile(to: string, name: string, mediaType: string, body: Readable): Promise<FileInfo> {
    const query = new URLSearchParams({ to, name, type: mediaType });
    return this.upload(`/api/files?${query.toString()}`, 'application/octet-stream', body);
  }

  /** The octets of a whole file and their number. */
  async content(sha256: string): Promise<{ readonly octets: number; readonly body: Readable }> {
    return this.download(`/api/files/${sha256}`);
  }

  /** Live events until the daemon goes away or the caller breaks off. */
  async *events(): AsyncGenerator<Event> {
    const response = await this.#fetch('/api/events');
    const decoder = new TextDecoder();
    let pending = '';
    for await (const piece of Readable.fromWeb(response.body as NodeReadableStream)) {
      pending += decoder.decode(piece as Uint8Array, { stream: true });
      const blocks = pending.split('\n\n');
      pending = blocks.pop()!;
      for (const block of blocks) if (block.startsWith('data: ')) yield JSON.parse(block.slice(6)) as Event;
    }
  }

  /** A route of one of the daemon's services. `owner`: the owner's token, for what only the owner may do. */
  request<T>(method: string, path: string, body?: unknown, owner?: string): Promise<T> {
    const headers = {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(owner !== undefined && { authorization: `Bearer ${owner}` }),
    };
    return this.#json(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  }

  /** A stream as the body, of whatever length. */
  upload<T>(path: string, mediaType: string, body: Readable): Promise<T> {
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { 'content-type': mediaType },
      body: Readable.toWeb(body) as ReadableStream,
      duplex: 'half',
    };
    return this.#json(path, init);
  }

  async download(path: string): Promise<{ readonly octets: number; readonly body: Readable }> {
    const response = await this.#fetch(path);
    return { octets: Number(response.headers.get('content-length') ?? 0), body: Readable.fromWeb(response.body as NodeReadableStream) };
  }

  /** True if there is something. */
  async head(path: string): Promise<boolean> {
    return (await fetch(this.#base + path, { method: 'HEAD' }).catch(() => this.#fetch(path))).ok;
  }

  async #json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await (await this.#fetch(path, init)).json()) as T;
  }

  async #fetch(path: string, init?: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#base + path, init);
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const why = systemCode(cause) === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(cause);
      throw new Problem(
        'unreachable',
        `the daemon does not answer at ${this.#base} (${why})`,
        'Start it with `npm start` or `meshbox serve`, or name its address with --api URL.',
      );
    }
    if (response.ok) return response;
    const answer = (await response.json().catch(() => undefined)) as Partial<ApiError> | undefined;
    if (answer?.error) throw new Problem(answer.error.code, answer.error.message, answer.error.remedy);
    throw new Problem(
      'not-a-daemon',
      `${this.#base} answers, but not as a MeshBox daemon (HTTP ${response.status})`,
      'Name the address of the daemon with --api URL.',
    );
  }
}
