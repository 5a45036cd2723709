/**
 * The gateway daemon: one box with its identity and state, the board on its serial line, and the HTTP face. This file only joins the parts.
 *
 *   starting -> running     whatever can be refused is refused here, as a Problem, with nothing left open
 *   running  -> stopped     stop
 */
import { join } from 'node:path';
import { ByteWriter, hex, u32At } from '../../firmware/core/base/index.js';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { linkProfiles } from '../../firmware/core/link/index.js';
import { createNode } from '../../firmware/core/node/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import type { Address } from '../../firmware/core/transport/index.js';
import { decodeMessage, encodeMessage, REPORT_REQUEST_MAX } from '../../firmware/core/wire/index.js';
import { createClock, MachineDriver, Problem, signerCrypto, systemRandom } from '../node/index.js';
import { startServer, type BoxFace, type Event, type Message, type Status } from './api/index.js';
import { Access } from './access/index.js';
import { Pairing } from './pairing/index.js';
import { Problems } from './problems.js';
import type { Service } from './service.js';
import { services } from './services.js';
import { ContentStore, Journal, openStateFolder, type Damage, type JournalOptions, type StateFolder } from './store/index.js';
import { Survey } from './survey/index.js';
import { Throttle } from './throttle.js';
import { fileKey, Files, isFileRecord, isMessage, parseAddress, Station, Texts, type FileRecord, type Outcome } from './traffic/index.js';

/** Messages and file records kept: years of a village's traffic, a few megabytes. */
const RECORDS = 10_000;
/** Octets that files may take together: strangers do not fill the disk. */
const QUOTA = 2 * 1024 ** 3;
/** Status and island are told at most so often: a console redraws no faster. */
const TELL_EVERY = 1_000;
/** Random octets of the node's seed and of the first serial session. */
const SEED = 16;
const SESSION = 4;

export interface BoxOptions {
  /** Serial device of the board, or `auto`. */
  readonly radio: string;
  /** State folder. */
  readonly state: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Of the box, for people. */
  readonly name: string;
  /** Of the software. */
  readonly version: string;
  /** Folder of the built console page. */
  readonly console: string;
  /** Folder of the built phone app. */
  readonly app?: string;
  /** Lines for a person; never a secret or what a message says. */
  readonly log: (line: string) => void;
}

export interface Box {
  /** Node id, 16 hexadecimal digits. */
  readonly id: string;
  /** Of the console and the API. */
  readonly url: string;
  /** Everything durable, every port and socket closed. */
  stop(): Promise<void>;
  readonly stopped: Promise<void>;
}

type Close = () => Promise<void> | void;
/** What was opened is closed in the reverse order. */
type OnClose = (close: Close) => void;

/** Fails with a Problem that names what is wrong and the remedy; then nothing is left open. */
export async function startBox(options: BoxOptions): Promise<Box> {
  const open: Close[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of open.splice(0).reverse()) await close();
  };
  try {
    const { id, url } = await run(options, (close) => void open.push(close));
    let settle = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (settle = resolve));
    return {
      id,
      url,
      stopped,
      async stop() {
        await closeAll();
        settle();
        return stopped;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function run(options: BoxOptions, onClose: OnClose): Promise<{ readonly id: string; readonly url: string }> {
  const { log } = options;
  const clock = createClock();
  const hashes = createKernels();
  const listeners = new Set<(event: Event) => void>();
  const tell = (event: Event): void => listeners.forEach((listener) => listener(event));
  const tellStatus = new Throttle(TELL_EVERY, () => listeners.size > 0 && tell({ type: 'status', status: status() }));
  const tellIsland = new Throttle(TELL_EVERY, () => listeners.size > 0 && tell({ type: 'island', island: survey.island() }));
  onClose(() => [tellStatus, tellIsland].forEach((throttle) => throttle.stop()));
  const problems = new Problems(options.state, log, () => tellStatus.call());

  const { folder, messages, records, content } = await openState(options.state, hashes, problems, onClose);
  const id = hex(folder.signer.id);
  const random = await new Promise<Uint8Array>((resolve) => systemRandom.request(SEED + SESSION, resolve));

  const survey = new Survey(id);
  const surveyor = new MachineDriver(survey, clock, (effect) => {
    if (effect.type === 'ask') void station.send({ node: effect.to }, 'control', reportRequest);
    else tellIsland.call();
  });
  onClose(() => surveyor.stop());

  const send = (to: Address, payload: Uint8Array): Promise<Outcome> => station.send(to, 'free', payload);
  const { failed } = problems;
  const texts = new Texts({
    journal: messages,
    send,
    failed,
    changed(message) {
      tell({ type: 'message', message });
      tellStatus.call();
    },
  });
  const files = await Files.open({
    journal: records,
    content,
    clock,
    quota: QUOTA,
    send,
    failed,
    changed(file) {
      tell({ type: 'file', file });
      tellStatus.call();
    },
  });
  onClose(() => files.stop());

  const station = new Station({
    node: createNode({
      publicKey: folder.signer.key,
      role: 'box',
      kernels: hashes,
      mtu: { serial: linkProfiles.serial.mtu },
      seed: random.subarray(0, SEED),
      inline: signerCrypto(folder.signer, { curve: createCurveKernels(), hashes }),
    }),
    clock,
    transmit: (frame) => pairing.send(frame),
    message(from, payload) {
      const message = decodeMessage(payload, 0, payload.length);
      if (typeof message === 'number') return void running.some((service) => service.message?.(from, payload));
      if (message.kind === 'text-message') texts.received(from, message.text);
      else if (message.kind === 'report') surveyor.feed({ type: 'report', from: from.node, report: message });
      else files.message(from, payload);
    },
    neighbour: (neighbour) => surveyor.feed({ ...neighbour, type: 'neighbour' }),
    route(route) {
      surveyor.feed({ ...route, type: 'route' });
      if (route.nextHop) files.reachable(route.id);
    },
  });
  onClose(() => station.stop());
  const pairing = new Pairing({
    device: options.radio,
    key: folder.signer.key,
    name: `meshbox ${options.version}`,
    session: u32At(random, SEED),
    clock,
    hashes,
    log,
    link: (up) => station.link(up),
    frame: (bytes) => station.frame(bytes),
    sent: (ok) => station.sent(ok),
    changed: () => tellStatus.call(),
  });
  onClose(() => pairing.stop());
  files.start();
  const access = new Access(id, createCurveKernels(), Date.now);
  const running: Service[] = [
    { routes: (app) => void app.post('/api/challenge', (request) => ({ challenge: access.challenge(request.ip) })), stop: () => undefined },
  ];
  for (const start of services) {
    const service = await start({
      state: options.state,
      id,
      signer: folder.signer,
      hashes,
      clock,
      access,
      content,
      log,
      report: (problem) => problems.report(problem),
      send,
    });
    running.push(service);
    onClose(() => service.stop());
  }

  const status = (): Status => {
    const { nodes, links } = survey.island();
    return {
      name: options.name,
      version: options.version,
      id,
      uptimeSeconds: Math.floor(clock.now().mono / 1_000),
      radio: pairing.status(),
      island: { nodes: nodes.length, links: links.length },
      traffic: { messages: texts.all().length, files: files.all().length },
      problems: problems.list(),
    };
  };
  const face: BoxFace = {
    status,
    island: () => survey.island(),
    messages: () => texts.all(),
    files: () => files.all(),
    sendText: (to, text) => texts.send(to, text),
    sendFile: (to, name, mediaType, body) => files.send(to, name, mediaType, body),
    content(sha256) {
      const entry = content.bySha256(sha256);
      const file = entry && files.all().find((each) => each.sha256 === sha256);
      return file && { path: content.path(entry.cid), mediaType: file.mediaType, name: file.name };
    },
    async ping(to) {
      const pong = await station.ping(parseAddress(to));
      if (pong) return { to, hops: pong.hops, milliseconds: pong.elapsed };
      throw new Problem(
        'no-answer',
        `${to} did not answer in time`,
        'It may be out of reach or asleep, or the way is congested; `meshbox routes` shows whether there is a route.',
      );
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const server = await startServer(face, {
    host: options.host,
    port: options.port,
    console: options.console,
    ...(options.app !== undefined && { app: options.app }),
    log,
    services: running,
  });
  onClose(() => server.stop());
  log(`box ${id} is at ${server.url}`);
  return { id, url: server.url };
}

interface State {
  readonly folder: StateFolder;
  readonly messages: Journal<Message>;
  readonly records: Journal<FileRecord>;
  readonly content: ContentStore;
}

async function openState(path: string, hashes: Kernels, problems: Problems, onClose: OnClose): Promise<State> {
  const folder = await openStateFolder(path, { curve: createCurveKernels(), hashes });
  onClose(() => folder.release());
  const noted = <T extends { readonly damage: Damage | undefined; close(): Promise<void> }>(opened: T): T => {
    onClose(() => opened.close());
    if (!opened.damage) return opened;
    const { file, lines, copiedTo } = opened.damage;
    const says = `${file} had ${lines} damaged ${lines === 1 ? 'record' : 'records'}; every good one was kept`;
    problems.report(new Problem('state-damaged', says, `The damaged file is kept as ${copiedTo}; delete it when nobody needs it.`));
    return opened;
  };
  const journal = async <T>(name: string, rest: Pick<JournalOptions<T>, 'key' | 'valid'>): Promise<Journal<T>> =>
    noted(await Journal.open({ ...rest, file: join(path, name), capacity: RECORDS }));
  return {
    folder,
    messages: await journal('messages', { key: ({ key }) => String(key), valid: isMessage }),
    records: await journal('files', { key: fileKey, valid: isFileRecord }),
    content: noted(await ContentStore.open(join(path, 'content'))),
  };
}

const reportRequest = ((): Uint8Array => {
  const w = new ByteWriter(new Uint8Array(REPORT_REQUEST_MAX));
  encodeMessage(w, { kind: 'report-request' });
  return w.written();
})();
