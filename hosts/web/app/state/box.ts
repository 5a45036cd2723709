/** The box as the app uses it, over plain HTTP from its own origin. */
import type { ApiError, FileInfo, Status } from '../../../box/api/types.js';
import type { Currency } from '../model/amounts.js';
import type { LetterState, Person } from '../model/people.js';
import type { Identity } from '../model/identity.js';

export interface Offer {
  /** Node id of the box. */
  readonly box: string;
  readonly pricePerMegabyte: string;
  readonly currency: Currency;
  readonly freeForAll: boolean;
}

export interface Meter {
  readonly bought: number;
  readonly used: number;
  readonly remaining: number;
  readonly balance: string;
}

/** The box refused, and why. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Mail {
  readonly letters: readonly { readonly id: string; readonly number: number; readonly sealed: string; readonly at: number }[];
  readonly sent: readonly { readonly id: string; readonly state: LetterState }[];
  readonly people: readonly Person[];
}

export interface Box {
  /** Opens the inbox; answers a token and the node id of the box. */
  openPost(identity: Identity): Promise<{ readonly token: string; readonly box: string }>;
  mail(token: string, after: number): Promise<Mail>;
  /** sealed: base64. */
  post(
    token: string,
    letter: { readonly id: string; readonly box: string; readonly person: string; readonly sealed: string },
  ): Promise<{ readonly state: LetterState }>;
  haveRead(token: string, ids: readonly string[]): Promise<void>;
  status(): Promise<Status>;
  files(): Promise<FileInfo[]>;
  offer(): Promise<Offer>;
  meter(): Promise<Meter>;
  /** Binds the address of this phone to its key. */
  join(identity: Identity, box: string): Promise<Meter>;
  /** `id`: 32 hexadecimal digits; the same again is the same purchase. */
  buy(identity: Identity, box: string, id: string, octets: number): Promise<Meter>;
}

export function createBox(origin: string): Box {
  const call = async <T>(method: 'GET' | 'POST', path: string, body?: object, token?: string): Promise<T> => {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const response = await fetch(origin + path, init);
    const answer: unknown = await response.json();
    if (response.ok) return answer as T;
    const { error } = answer as Partial<ApiError>;
    throw new Refused(error?.code ?? 'failed', error ? `${error.message}. ${error.remedy}` : String(response.status));
  };
  const prove = async (identity: Identity, box: string, request: string) => {
    const { challenge } = await call<{ challenge: string }>('POST', '/api/challenge');
    return { key: identity.key, challenge, signature: identity.sign(box, challenge, request) };
  };
  return {
    status: () => call('GET', '/api/status'),
    files: () => call('GET', '/api/files'),
    offer: () => call('GET', '/api/uplink'),
    meter: () => call('GET', '/api/uplink/meter'),
    async openPost(identity) {
      const { id } = await call<Status>('GET', '/api/status');
      return call('POST', '/api/post/session', { ...(await prove(identity, id, 'post')), name: identity.name });
    },
    mail: (token, after) => call('GET', `/api/post?after=${after}`, undefined, token),
    post: (token, letter) => call('POST', '/api/post/letters', letter, token),
    haveRead: async (token, ids) => void (await call('POST', '/api/post/read', { ids }, token)),
    join: async (identity, box) => call('POST', '/api/uplink/session', await prove(identity, box, 'session')),
    async buy(identity, box, id, octets) {
      const proof = await prove(identity, box, `buy ${id} ${octets}`);
      return (await call<{ meter: Meter }>('POST', '/api/uplink/purchases', { ...proof, id, octets })).meter;
    },
  };
}
