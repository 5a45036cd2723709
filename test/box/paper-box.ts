/** A box made of paper: what the HTTP face needs, without a mesh. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { startServer, type BoxFace, type Event, type FileInfo, type Island, type Message, type Status } from '../../hosts/box/api/index.js';
import { Problem } from '../../hosts/node/index.js';

export const BOX = '00000000000000b0';
export const BOARD = '4be1000000000001';
export const FAR = '4be1ffff00000002';

export const island: Island = {
  box: BOX,
  nodes: [
    { id: BOX, role: 'box', state: 'up' },
    {
      id: BOARD,
      role: 'board',
      state: 'up',
      route: { nextHop: BOARD, metric: 3 },
      seconds: 4_000,
      counters: { forwarded: 5, delivered: 2, sentOctets: 900, dropped: 1, retries: 0 },
    },
    { id: FAR, role: 'board', state: 'silent', route: { nextHop: BOARD, metric: 57 } },
  ],
  links: [{ from: BOX, to: BOARD, metric: 3, rssi: 0 }],
};

export interface PaperBox {
  readonly url: string;
  readonly folder: string;
  readonly messages: Message[];
  readonly files: FileInfo[];
  /** Texts and files to FAR are never answered, those to BOARD are delivered. */
  emit(event: Event): void;
  /** Puts a whole file in, as if it had been received. */
  receive(name: string, mediaType: string, bytes: Uint8Array): Promise<FileInfo>;
  stop(): Promise<void>;
}

export async function startPaperBox(console = '/nonexistent'): Promise<PaperBox> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-paper-'));
  const listeners = new Set<(event: Event) => void>();
  const messages: Message[] = [];
  const files: FileInfo[] = [];
  const emit = (event: Event): void => listeners.forEach((listener) => listener(event));
  const status = (): Status => ({
    name: 'Paper',
    version: '0.1.0',
    id: BOX,
    uptimeSeconds: 65,
    radio: { state: 'searching', device: '/dev/ttyUSB9', problem: 'there is no serial device /dev/ttyUSB9', remedy: 'Plug the board in.' },
    island: { nodes: island.nodes.length, links: island.links.length },
    traffic: { messages: messages.length, files: files.length },
    problems: [],
  });
  const face: BoxFace = {
    status,
    island: () => island,
    messages: () => messages,
    files: () => files,
    async sendText(to, text) {
      const message: Message = { key: messages.length + 1, direction: 'out', peer: to, text, at: 1, state: 'queued' };
      messages.push(message);
      setImmediate(() => emit({ type: 'message', message: { ...message, state: to === BOARD ? 'delivered' : 'unknown' } }));
      return message;
    },
    async sendFile(to, name, mediaType, body: Readable) {
      const parts: Buffer[] = [];
      for await (const part of body) parts.push(part as Buffer);
      const bytes = Buffer.concat(parts);
      const file: FileInfo = {
        sha256: createHash('sha256').update(bytes).digest('hex'),
        name,
        mediaType,
        octets: bytes.length,
        direction: 'out',
        peer: to,
        received: 0,
        state: 'moving',
        at: 1,
      };
      files.push(file);
      setImmediate(() => {
        emit({ type: 'file', file: { ...file, received: file.octets >> 1 } });
        emit({ type: 'file', file: { ...file, received: file.octets, state: to === BOARD ? 'complete' : 'refused' } });
      });
      return file;
    },
    content(sha256) {
      const file = files.find((each) => each.sha256 === sha256 && each.direction === 'in');
      return file && { path: join(folder, sha256), mediaType: file.mediaType, name: file.name };
    },
    async ping(to) {
      if (to !== BOARD) throw new Problem('no-answer', `${to} did not answer in time`, 'It may be out of reach.');
      return { to, hops: 1, milliseconds: 12 };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const server = await startServer(face, { host: '127.0.0.1', port: 0, console, log: () => undefined });
  return {
    url: server.url,
    folder,
    messages,
    files,
    emit,
    async receive(name, mediaType, bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await writeFile(join(folder, sha256), bytes);
      const file: FileInfo = {
        sha256,
        name,
        mediaType,
        octets: bytes.length,
        direction: 'in',
        peer: BOARD,
        received: bytes.length,
        state: 'complete',
        at: 1,
      };
      files.push(file);
      return file;
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
