/**
 * The phone-side client: a leaf node that reaches the island over Bluetooth LE to one board, with texts and files on top. Its octets are in memory.
 */
import { ByteWriter, millis, sameOctets, type Millis } from '../../../firmware/core/base/index.js';
import { createNode, type Node, type NodeEffect, type NodeInput } from '../../../firmware/core/node/index.js';
import { FileTransfer, type Address, type FileEffect, type FileInput } from '../../../firmware/core/transport/index.js';
import { encodeMessage, TEXT_MESSAGE_MAX } from '../../../firmware/core/wire/index.js';
import { cryptoOf, identityOf, kernels, MachineStation, RandomStream, type RadioInput, type Station, type Turn } from '../../sim/index.js';

/** Tokens of the phone's own sends stay below those of its file transfer. */
const FILE_TOKENS = 1_000_000;

export type Outcome = 'delivered' | 'unknown' | 'refused';

interface Outgoing {
  readonly picture: Picture;
  readonly progress: (done: number, total: number) => void;
  readonly done: (outcome: 'complete' | 'refused' | 'corrupt') => void;
}

export interface Picture {
  readonly name: string;
  readonly mediaType: string;
  readonly octets: Uint8Array;
  /** 32 octets. */
  readonly sha256: Uint8Array;
}

/** Runs a command of the phone's user in a turn of the phone's; the world decides when. */
export type Submit = (command: (now: Millis) => Turn) => void;

export class Phone implements Station {
  readonly id: Uint8Array;
  readonly mac: Uint8Array;
  readonly #station: MachineStation<NodeInput, NodeEffect>;
  readonly #files = new FileTransfer({ firstToken: FILE_TOKENS });
  readonly #submit: Submit;
  readonly #outcomes = new Map<number, (outcome: Outcome) => void>();
  readonly #pongs = new Map<number, (hops: number | undefined) => void>();
  readonly #outgoing = new Map<number, Outgoing>();
  /** Inputs that effects gave rise to: fed after the turn's own. */
  readonly #pending: NodeInput[] = [];
  #token = 1;

  constructor(seed: number, mtu: number, submit: Submit) {
    const identity = identityOf(seed, 'leaf', 0);
    const { publicKey, id, mac } = identity;
    const stream = new RandomStream(seed, 'phone');
    const random = stream.bytes(16);
    const inline = cryptoOf(identity, (octets) => stream.bytes(octets));
    const node: Node = createNode({ publicKey, role: 'leaf', kernels, mtu: { ble: mtu }, seed: random, inline });
    this.id = id;
    this.mac = mac;
    this.#submit = submit;
    this.#station = new MachineStation(node, (now, effect) => this.#perform(now, effect));
  }

  feed(now: Millis, input: RadioInput): Turn {
    if (input.type === 'tick') this.#feedFiles(now, input);
    return this.#turn(now, input);
  }

  /** Hops, or undefined when nothing came back in time. */
  ping(to: Address): Promise<number | undefined> {
    const token = this.#token++;
    return new Promise((resolve) => {
      this.#pongs.set(token, resolve);
      this.#submit((now) => this.#turn(now, { type: 'ping', token, to }));
    });
  }

  text(to: Address, text: string): Promise<Outcome> {
    const token = this.#token++;
    const writer = new ByteWriter(new Uint8Array(TEXT_MESSAGE_MAX));
    encodeMessage(writer, { kind: 'text-message', text, wall: undefined });
    return new Promise((resolve) => {
      this.#outcomes.set(token, resolve);
      this.#submit((now) => this.#turn(now, { type: 'send', token, to, class: 'free', payload: writer.written() }));
    });
  }

  /** Offers the picture until the far end has it whole; `progress` counts blocks. */
  picture(to: Address, picture: Picture, progress: Outgoing['progress']): Promise<'complete' | 'refused' | 'corrupt'> {
    const token = this.#token++;
    return new Promise((done) => {
      this.#outgoing.set(token, { picture, progress, done });
      const { name, mediaType, octets, sha256 } = picture;
      this.#submit((now) => {
        this.#feedFiles(now, { type: 'offer', token, to, sha256, octets: octets.length, name, mediaType });
        return this.#turn(now, { type: 'tick' });
      });
    });
  }

  #turn(now: Millis, input: NodeInput): Turn {
    const turns = [this.#station.feed(now, input)];
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) turns.push(this.#station.feed(now, next));
    const deadline = millis(Math.min(turns.at(-1)!.deadline, this.#files.deadline()));
    return { transmits: turns.flatMap(({ transmits }) => transmits), deadline };
  }

  #perform(now: Millis, effect: NodeEffect): void {
    switch (effect.type) {
      case 'message':
        return this.#feedFiles(now, { type: 'message', from: effect.from, payload: effect.payload });
      case 'outcome':
        if (effect.token >= FILE_TOKENS) return this.#feedFiles(now, effect);
        take(this.#outcomes, effect.token)?.(effect.outcome);
        return take(this.#pongs, effect.token)?.(undefined);
      case 'pong':
        return take(this.#pongs, effect.token)?.(effect.hops);
      case 'transmit': // the station's
      case 'progress':
      case 'neighbour':
      case 'route':
      case 'want-health': // a phone is not asked for reports
      case 'want-random': // answered in line
      case 'crypto-job':
        return;
    }
  }

  #feedFiles(now: Millis, input: FileInput): void {
    this.#files.handle(now, input);
    for (let effect = this.#files.poll(); effect !== undefined; effect = this.#files.poll()) this.#performFile(now, effect);
  }

  #performFile(now: Millis, effect: FileEffect): void {
    switch (effect.type) {
      case 'send':
        return void this.#pending.push({ type: 'send', token: effect.token, to: effect.to, class: 'free', payload: effect.payload });
      case 'want-block': {
        const bytes = this.#outgoing.get(effect.token)!.picture.octets.subarray(effect.at, effect.at + effect.octets);
        return this.#feedFiles(now, { type: 'block', token: effect.token, block: effect.block, bytes });
      }
      case 'progress':
        for (const { picture, progress } of this.#outgoing.values())
          if (sameOctets(picture.sha256, 0, effect.sha256, 0, 32)) progress(effect.done, effect.total);
        return;
      case 'done':
        return take(this.#outgoing, effect.token!)?.done(effect.outcome);
      case 'offered': // this phone only sends
        return this.#feedFiles(now, { type: 'refuse', from: effect.from, sha256: effect.sha256 });
      case 'store-block':
      case 'verify':
        return;
    }
  }
}

function take<T>(map: Map<number, T>, token: number): T | undefined {
  const found = map.get(token);
  map.delete(token);
  return found;
}
