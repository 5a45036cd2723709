/** The daemon's HTTP interface (hosts/box/api/types.ts) for the page. Every failure is an ApiFailure that says what to do. */
import type { ApiError, FileInfo, Island, Message, PingResult, Status } from '../../../box/api/types.js';

export class ApiFailure extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface Snapshot {
  readonly status: Status;
  readonly island: Island;
  readonly messages: readonly Message[];
  readonly files: readonly FileInfo[];
}

export interface Api {
  status(): Promise<Status>;
  snapshot(): Promise<Snapshot>;
  sendText(to: string, text: string): Promise<Message>;
  sendFile(to: string, file: File): Promise<FileInfo>;
  ping(to: string): Promise<PingResult>;
}

export const eventsPath = 'api/events';
export const filePath = (sha256: string): string => `api/files/${sha256}`;

/** A box on the same network answers a question in well under a second; a page must not wait longer than a person would. */
const answerTimeout = 8_000;
/** A ping over 63 hops with retries may take long; the daemon ends it, this is only the last resort. */
const pingTimeout = 90_000;

/** The daemon takes no other content type for a file: a form of another site could send the rest. */
const octetStream = 'application/octet-stream';

export function createApi(): Api {
  const get = <T>(path: string): Promise<T> => call<T>(path, {}, answerTimeout);
  const json = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return {
    status: () => get<Status>('api/status'),
    async snapshot() {
      const [status, island, messages, files] = await Promise.all([
        get<Status>('api/status'),
        get<Island>('api/island'),
        get<Message[]>('api/messages'),
        get<FileInfo[]>('api/files'),
      ]);
      return { status, island, messages, files };
    },
    sendText: (to, text) => call('api/messages', json({ to, text }), answerTimeout),
    sendFile(to, file) {
      const query = new URLSearchParams({ to, name: file.name, type: file.type || octetStream });
      return call(`api/files?${query}`, { method: 'POST', headers: { 'content-type': octetStream }, body: file });
    },
    ping: (to) => call('api/ping', json({ to }), pingTimeout),
  };
}

/** Without a timeout (an upload may be long) only the connection's end ends it. */
async function call<T>(path: string, init: RequestInit, timeout?: number): Promise<T> {
  const abort = new AbortController();
  const timer = timeout === undefined ? undefined : setTimeout(() => abort.abort(), timeout);
  try {
    const response = await fetch(path, { ...init, signal: abort.signal });
    const body: unknown = await response.json();
    if (!response.ok) throw failureOf(response.status, body);
    return body as T;
  } catch (error) {
    if (error instanceof ApiFailure) throw error;
    throw new ApiFailure('The box did not answer.', 'Check that it is on and that you are in its network, then try again.');
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(status: number, body: unknown): ApiFailure {
  const { error } = (body ?? {}) as Partial<ApiError>;
  return error ? new ApiFailure(error.message, error.remedy) : new ApiFailure(`The box answered with HTTP status ${status}.`, 'Try again.');
}
