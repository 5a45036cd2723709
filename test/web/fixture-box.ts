/** The daemon's own HTTP server (hosts/box/api) over a box made of paper: what it says is data that the test sets. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { startServer, type BoxFace, type Event, type FileInfo, type Island, type Message, type Status } from '../../hosts/box/api/index.js';
import type { Problem } from '../../hosts/node/index.js';
import { buildWeb } from '../../hosts/web/build.mjs';
import { sha256 } from './fixture-picture.js';

export interface FixtureBox {
  readonly url: string;
  readonly port: number;
  messages: Message[];
  files: FileInfo[];
  /** Every request to send fails with it, if set. */
  refusal: Problem | undefined;
  /** What was asked to be sent or pinged, in order. */
  readonly sent: ({ readonly to: string } & (
    { readonly text: string } | { readonly name: string; readonly mediaType: string; readonly octets: Buffer } | object
  ))[];
  /** Keep octets as a whole file; returns their sha256. */
  store(octets: Uint8Array, mediaType: string, name: string): Promise<string>;
  emit(event: Event): void;
  /** Ends the event streams and the server, as a killed daemon does. */
  stop(): Promise<void>;
}

export function makeStatus(island: Island): Status {
  const boardId = island.nodes[1]?.id ?? '';
  return {
    name: 'Harbour box',
    version: '0.1.0',
    id: island.box,
    uptimeSeconds: 8_245,
    radio: {
      state: 'paired',
      device: '/dev/ttyUSB0',
      boardId,
      firmware: 'meshbox 0.1.0',
      session: 3_021_774_113,
      counters: { framesSent: 18_442, framesReceived: 17_903, retransmissions: 12, badFrames: 3, reconnects: 1 },
    },
    island: { nodes: island.nodes.length, links: island.links.length },
    traffic: { messages: 14, files: 3 },
    problems: [],
  };
}

/** `port` 0: any free one. */
export async function startFixtureBox(island: Island, port = 0): Promise<FixtureBox> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-fixture-'));
  const contents = new Map<string, { readonly mediaType: string; readonly name: string }>();
  const listeners = new Set<(event: Event) => void>();
  const sent: FixtureBox['sent'][number][] = [];
  let status = makeStatus(island);

  /** Note a request, or fail as told. */
  const take = (request: FixtureBox['sent'][number]): number => {
    if (box.refusal) throw box.refusal;
    return Date.UTC(2026, 10, 22, 9, 30) + 1000 * sent.push(request);
  };
  const face: BoxFace = {
    status: () => status,
    island: () => island,
    messages: () => box.messages,
    files: () => box.files,
    async sendText(to, text) {
      const message: Message = {
        key: 100 + box.messages.length,
        direction: 'out',
        peer: to,
        text,
        at: take({ to, text }),
        state: 'queued',
      };
      box.messages.push(message);
      return message;
    },
    async sendFile(to, name, mediaType, body) {
      const octets = await buffer(body);
      const at = take({ to, name, mediaType, octets });
      const hash = await box.store(octets, mediaType, name);
      const file: FileInfo = {
        sha256: hash,
        name,
        mediaType,
        octets: octets.length,
        direction: 'out',
        peer: to,
        received: 0,
        state: 'moving',
        at,
      };
      box.files.push(file);
      return file;
    },
    content: (hash) => (contents.has(hash) ? { path: join(folder, hash), ...contents.get(hash)! } : undefined),
    async ping(to) {
      take({ to });
      return { to, hops: 3, milliseconds: 142 };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  const { folder: console } = await buildWeb({ log: () => {} });
  const server = await startServer(face, { host: '127.0.0.1', port, console, log: () => {} });
  const box: FixtureBox = {
    url: server.url,
    port: Number(new URL(server.url).port),
    messages: [],
    files: [],
    refusal: undefined,
    sent,
    async store(octets, mediaType, name) {
      const hash = sha256(octets);
      await writeFile(join(folder, hash), octets);
      contents.set(hash, { mediaType, name });
      return hash;
    },
    emit(event) {
      if (event.type === 'status') status = event.status;
      if (event.type === 'island') island = event.island;
      for (const listener of listeners) listener(event);
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return box;
}
