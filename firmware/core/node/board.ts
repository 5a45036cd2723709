/**
 * Board: ports in, node and serial line out. What every composition root of a board calls; it adds no protocol of its own.
 *
 *   waiting -> running    the signer told the public key and the entropy source gave a seed
 *
 * The serial line carries the node's frames to its box: `paired` is the node's serial link coming up, `lost` its going down.
 */
import { CodedError, millis, NEVER, u32At, type Millis } from '../base/index.js';
import { linkProfiles, SerialLine, type CounterReading, type SerialLineEffect, type SerialLineInput } from '../link/index.js';
import type { Clock, CryptoJobs, Health, Kernels, Log, Radio, RadioKind, Random, Serial, Signer } from '../ports/index.js';
import type { NodeCaps } from './caps.js';
import { Node } from './node.js';
import type { NodeEffect, NodeInput } from './node-inputs.js';

export interface BoardPorts {
  readonly radio: Radio;
  /** Absent: a board without a box. */
  readonly serial?: Serial | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signer: Signer;
  readonly kernels: Kernels;
  readonly jobs: CryptoJobs;
  readonly health: Health;
  readonly log: Log;
}

export interface BoardOptions {
  /** Firmware name and version, 1 to 40 octets: the box shows it. */
  readonly name: string;
  /** The radio's links that it uses. */
  readonly links: readonly RadioKind[];
  /** Station addresses, if the driver has its own. */
  readonly mac?: Readonly<Partial<Record<RadioKind, Uint8Array>>>;
  /** Octets that the serial driver holds unread; 128 in a UART's FIFO. */
  readonly holds?: number;
  readonly caps?: Partial<NodeCaps>;
}

const SEED = 16;
const SESSION = 4;
const UART_HOLDS = 128;
/** A full UART has sent half its FIFO after this, at 115,200 baud. */
const ROOM_AGAIN = 5;

export class Board {
  readonly #ports: BoardPorts;
  readonly #options: BoardOptions;
  #node: Node | undefined;
  #line: SerialLine | undefined;
  /** The driver took all it could: ask again soon. */
  #full = false;

  constructor(ports: BoardPorts, options: BoardOptions) {
    if (options.links.length === 0) throw new CodedError('board-links', 'a board uses at least one of its radio links');
    this.#ports = ports;
    this.#options = options;
    ports.signer.publicKey((key) => ports.random.request(SEED + SESSION, (random) => this.#start(key, random)));
  }

  /** 8 octets; undefined until it runs. */
  get id(): Uint8Array | undefined {
    return this.#node?.id;
  }

  tick(now: Millis): void {
    this.#feedNode(now, { type: 'tick' });
    this.#feedLine(now, { type: 'tick' });
  }

  /** NEVER until it runs: its ports wake it. */
  deadline(): Millis {
    const { clock, serial } = this.#ports;
    const node = this.#node?.deadline() ?? NEVER;
    if (serial === undefined || this.#line === undefined) return node;
    const line = this.#full ? clock.now().mono + ROOM_AGAIN : this.#line.deadline();
    return millis(Math.min(node, line));
  }

  counters(): CounterReading | undefined {
    return this.#node?.counters();
  }

  /** waiting -> running */
  #start(publicKey: Uint8Array, random: Uint8Array): void {
    const { radio, serial, kernels, clock } = this.#ports;
    const { name, links, mac, caps, holds } = this.#options;
    const mtu: { air?: number; ble?: number; serial?: number } = {};
    for (const kind of links) mtu[kind] = radio.mtu(kind);
    if (serial !== undefined) {
      mtu.serial = linkProfiles.serial.mtu;
      const session = u32At(random, SEED);
      this.#line = new SerialLine({ name, role: 'board', key: publicKey, session, holds: holds ?? UART_HOLDS });
      serial.onReceive((bytes) => this.#feedLine(clock.now().mono, { type: 'octets', bytes }));
    }
    const seed = random.slice(0, SEED);
    this.#node = new Node({ publicKey, role: 'board', kernels, mtu, seed, tellsRoutes: false, ...(mac && { mac }), ...(caps && { caps }) });
    radio.onReceive(({ kind, from, to, rssi, bytes }) =>
      this.#feedNode(clock.now().mono, { type: 'frame', link: kind, from, to, rssi, bytes }),
    );
    radio.onSent((kind, ok) => this.#feedNode(clock.now().mono, { type: 'sent', link: kind, ok }));
    this.tick(clock.now().mono);
  }

  #feedNode(now: Millis, input: NodeInput): void {
    const node = this.#node;
    if (node === undefined) return;
    node.handle(now, input);
    for (let effect = node.poll(); effect !== undefined; effect = node.poll()) this.#perform(now, effect);
  }

  #perform(now: Millis, effect: NodeEffect): void {
    const { radio, health } = this.#ports;
    if (effect.type === 'want-random')
      this.#ports.random.request(effect.octets, (bytes) => this.#feedNode(this.#ports.clock.now().mono, { type: 'random', bytes }));
    else if (effect.type === 'crypto-job')
      this.#ports.jobs.run(effect.job, (answer) => this.#feedNode(this.#ports.clock.now().mono, { type: 'crypto-done', answer }));
    else if (effect.type === 'want-health') this.#feedNode(now, { type: 'health', reading: health.read() });
    else if (effect.type === 'transmit') {
      if (effect.link === 'serial') this.#feedLine(now, { type: 'send', frame: effect.bytes });
      else radio.transmit(effect.link, effect.to, effect.bytes);
    }
    // Messages to the board itself, beside reports, have nobody to read them; outcomes and changes are for hosts.
  }

  #feedLine(now: Millis, input: SerialLineInput): void {
    const { serial } = this.#ports;
    const line = this.#line;
    if (line === undefined || serial === undefined) return;
    line.handle(now, { type: 'room', octets: serial.room() });
    line.handle(now, input);
    for (let effect = line.poll(); effect !== undefined; effect = line.poll()) this.#performLine(now, serial, effect);
    this.#full = serial.room() <= 0;
  }

  #performLine(now: Millis, serial: Serial, effect: SerialLineEffect): void {
    switch (effect.type) {
      case 'write':
        return serial.write(effect.bytes);
      case 'frame':
        return this.#feedNode(now, { type: 'frame', link: 'serial', from: NO_MAC, to: NO_MAC, rssi: 0, bytes: effect.bytes });
      case 'sent':
        return this.#feedNode(now, { type: 'sent', link: 'serial', ok: effect.ok });
      case 'paired':
        this.#ports.log(`paired with ${effect.hello.name}`);
        return this.#feedNode(now, { type: 'link', link: 'serial', up: true });
      case 'lost':
        this.#ports.log(`serial line lost: ${effect.reason}`);
        return this.#feedNode(now, { type: 'link', link: 'serial', up: false });
      case 'refused':
        return this.#ports.log(`${effect.reason}. ${effect.remedy}`);
    }
  }
}

export function startBoard(ports: BoardPorts, options: BoardOptions): Board {
  return new Board(ports, options);
}

const NO_MAC = new Uint8Array(6);
