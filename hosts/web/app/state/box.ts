/** The box as the app uses it, over plain HTTP from its own origin. */
import type { ApiError, FileInfo, Status } from '../../../box/api/types.js';
import type { Currency } from '../model/amounts.js';
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

export interface Box {
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
  const call = async <T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> => {
    const init = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
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
    join: async (identity, box) => call('POST', '/api/uplink/session', await prove(identity, box, 'session')),
    async buy(identity, box, id, octets) {
      const proof = await prove(identity, box, `buy ${id} ${octets}`);
      return (await call<{ meter: Meter }>('POST', '/api/uplink/purchases', { ...proof, id, octets })).meter;
    },
  };
}
