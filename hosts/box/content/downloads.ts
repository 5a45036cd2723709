/** Downloads that the daemon runs: each CID once, over HTTP from addresses and over the mesh from node ids. */
import type { CID } from 'multiformats/cid';
import { messageOf, Problem } from '../../node/index.js';
import type { Class, ContentStore } from '../store/index.js';
import { parseAddress } from '../traffic/index.js';
import { fetchContent } from './fetch-http.js';
import type { MeshContent } from './mesh.js';

export interface DownloadRequest {
  readonly from: readonly string[];
  readonly name?: string;
  readonly class: Class;
}

export interface DownloadStatus {
  readonly cid: string;
  readonly state: 'moving' | 'complete' | 'failed' | 'stopped';
  /** Of the file that is moving now. */
  readonly done: number;
  readonly total: number;
  /** Octets that came over the wire. */
  readonly received: number;
  readonly problem?: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** Statuses of ended downloads that are remembered. */
const REMEMBERED = 100;

export class Downloads {
  readonly #store: ContentStore;
  readonly #mesh: MeshContent;
  readonly #running = new Map<string, AbortController>();
  readonly #statuses = new Map<string, DownloadStatus>();

  constructor(store: ContentStore, mesh: MeshContent) {
    this.#store = store;
    this.#mesh = mesh;
  }

  start(cid: CID, { from, ...options }: DownloadRequest): DownloadStatus {
    const text = cid.toString();
    if (this.#running.has(text)) return this.status(cid);
    const control = new AbortController();
    this.#running.set(text, control);
    this.#note({ cid: text, state: 'moving', done: 0, total: 0, received: 0 });
    const progress = (done: number, total: number): void => this.#note({ ...this.status(cid), done, total });
    const holders = from.filter((each) => each.startsWith('http'));
    // By IP where there is an address: it is a thousand times as fast.
    const work =
      holders.length > 0 || from.length === 0
        ? fetchContent(this.#store, cid, { ...options, holders, progress, signal: control.signal })
        : this.#overMesh(cid, from, options, progress, control.signal);
    work
      .then(
        ({ received }) => this.#note({ ...this.status(cid), state: 'complete', received }),
        (error: unknown) => {
          const problem =
            error instanceof Problem ? error : new Problem('failed', messageOf(error), 'Try again; what has arrived is kept.');
          const { code, message, remedy } = problem;
          this.#note({ ...this.status(cid), state: code === 'stopped' ? 'stopped' : 'failed', problem: { code, message, remedy } });
        },
      )
      .finally(() => this.#running.delete(text));
    return this.status(cid);
  }

  async #overMesh(
    cid: CID,
    from: readonly string[],
    keep: Omit<DownloadRequest, 'from'>,
    progress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly received: number }> {
    const entry = this.#store.entry(cid.toString());
    if (!entry) {
      const fetch = this.#mesh.fetch(cid, from.map(parseAddress), keep, progress);
      signal.addEventListener('abort', () => fetch.stop(), { once: true });
      await fetch.done;
    }
    return { received: this.#store.octetsOf(cid.toString()) };
  }

  status(cid: CID): DownloadStatus {
    const found = this.#statuses.get(cid.toString());
    if (found) return found;
    throw new Problem('not-found', `${cid.toString()} is not being fetched`, 'Begin with `meshbox get`.');
  }

  cancel(cid: CID): void {
    this.#running.get(cid.toString())?.abort();
  }

  /** Octets of a file from another holder, to be checked by who asked. */
  async repair(from: readonly string[], cid: string, at: number, octets: number): Promise<Uint8Array | undefined> {
    for (const holder of from.filter((each) => each.startsWith('http'))) {
      const response = await fetch(`${holder}/ipfs/${cid}`, {
        headers: { range: `bytes=${at}-${at + octets - 1}` },
        signal: AbortSignal.timeout(20_000),
      }).catch(() => undefined);
      if (response?.ok) return new Uint8Array(await response.arrayBuffer());
    }
    return undefined;
  }

  stop(): void {
    for (const control of this.#running.values()) control.abort();
  }

  #note(status: DownloadStatus): void {
    this.#statuses.delete(status.cid);
    this.#statuses.set(status.cid, status);
    if (this.#statuses.size > REMEMBERED) this.#statuses.delete(this.#statuses.keys().next().value!);
  }
}
