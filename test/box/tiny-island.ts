/**
 * A board at the end of a real pty, and one far node that it hears over an ether without loss, all in this process and in real time: enough of an
 * island for a daemon that runs as a process of its own.
 */
import { createHash, randomBytes } from 'node:crypto';
import { hex } from '../../firmware/core/base/index.js';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { createNode, startBoard, type Node, type NodeEffect, type NodeInput } from '../../firmware/core/node/index.js';
import type { InlineCrypto, Radio, RadioFrame, RadioKind, Signer } from '../../firmware/core/ports/index.js';
import { FileTransfer, type Address, type FileEffect, type FileInput } from '../../firmware/core/transport/index.js';
import { decodeMessage, encodeMessage, MESSAGE_MAX, type Message } from '../../firmware/core/wire/index.js';
import { ByteWriter } from '../../firmware/core/base/index.js';
import { createClock, inlineCrypto, MachineDriver, sharedSecret, systemRandom } from '../../hosts/node/index.js';
import type { Pty } from '../serial/pty.js';

const AIR_MTU = 250;
const clock = createClock();
const kernels = createKernels();
const curve = createCurveKernels();

/** Everyone hears everyone; a frame takes two milliseconds. */
class Ether {
  readonly #stations: { readonly mac: string; hear(frame: RadioFrame): void }[] = [];

  join(mac: Uint8Array, hear: (frame: RadioFrame) => void): (to: Uint8Array, bytes: Uint8Array, sent: () => void) => void {
    this.#stations.push({ mac: hex(mac), hear });
    return (to, bytes, sent) => {
      const frame: RadioFrame = { kind: 'air', from: mac.slice(), to: to.slice(), rssi: -50, bytes: bytes.slice() };
      setTimeout(() => {
        for (const station of this.#stations) if (station.mac !== hex(mac)) station.hear(frame);
        sent();
      }, 2);
    };
  }
}

export interface Far {
  readonly id: string;
  readonly node: Node;
  readonly texts: string[];
  readonly files: FileEffect[];
  /** Blocks handed to the mesh so far. */
  blocksSent: number;
  text(to: string, text: string): Promise<string>;
  /** Resolves when the receiver has it all. */
  file(to: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Octets of a file that the box sent here, once it is complete. */
  received(sha256: string): Uint8Array | undefined;
}

export interface TinyIsland {
  readonly boardId: string;
  readonly far: Far;
  /** Puts the board at the end of another pty, as replugging does. */
  plug(pty: Pty): void;
  stop(): void;
}

export function startTinyIsland(pty: Pty): TinyIsland {
  const ether = new Ether();
  const timers: (() => void)[] = [];
  const far = startFar(ether, timers);

  let plugged = pty;
  let receive: (bytes: Uint8Array) => void = () => undefined;
  const listen = (to: Pty): void => void to.output.on('data', (bytes: Buffer) => plugged === to && receive(bytes));
  const key = keyOf(1);
  let heard: (frame: RadioFrame) => void = () => undefined;
  let sent: (kind: RadioKind, ok: boolean) => void = () => undefined;
  const transmit = ether.join(macOf(key), (frame) => heard(frame));
  const radio: Radio = {
    mtu: () => AIR_MTU,
    transmit: (kind, to, bytes) => transmit(to, bytes, () => sent(kind, true)),
    onReceive: (handler) => void (heard = handler),
    onSent: (handler) => void (sent = handler),
  };
  const crypto = cryptoFor(1);
  const signer: Signer = { publicKey: (done) => done(key), sign: () => undefined, ecdh: () => undefined };
  const noHealth = { chunkPeak: 1, chunkSize: 2, slotPeak: 3, slotSize: 4, stackPeak: 5, stackSize: 6, computation: 7, overruns: 0 };
  const board = startBoard(
    {
      radio,
      serial: {
        room: () => 4_096,
        write: (bytes) => void plugged.input.write(bytes.slice()),
        onReceive: (handler) => void (receive = handler),
      },
      clock,
      random: systemRandom,
      signer,
      kernels,
      jobs: { run: (job, done) => done(crypto.run(job)) },
      health: { read: () => noHealth },
      log: () => undefined,
    },
    { name: 'tiny 0.1', links: ['air'] },
  );
  const ticker = setInterval(() => {
    if (clock.now().mono >= board.deadline()) board.tick(clock.now().mono);
  }, 2);
  listen(pty);
  return {
    boardId: idOf(key),
    far,
    plug(next) {
      plugged = next;
      listen(next);
    },
    stop() {
      clearInterval(ticker);
      for (const stop of timers) stop();
    },
  };
}

function startFar(ether: Ether, timers: (() => void)[]): Far {
  const key = keyOf(2);
  const node = createNode({
    publicKey: key,
    role: 'board',
    kernels,
    mtu: { air: AIR_MTU },
    seed: new Uint8Array(16).fill(2),
    inline: cryptoFor(2),
    caps: { messageOctets: 5_120, octets: 65_536, outgoing: 16 },
  });
  const outcomes = new Map<number, (outcome: 'delivered' | 'unknown' | 'refused') => void>();
  const octets = new Map<string, Uint8Array>();
  const whole = new Map<string, () => void>();
  let nextToken = 1;
  const send = (to: Address, payload: Uint8Array): Promise<'delivered' | 'unknown' | 'refused'> =>
    new Promise((resolve) => {
      outcomes.set(nextToken, resolve);
      driver.feed({ type: 'send', token: nextToken++, to, class: 'free', payload });
    });

  const transfer = new FileTransfer({ firstToken: 1 });
  const files: MachineDriver<FileInput, FileEffect> = new MachineDriver(transfer, clock, (effect) => {
    far.files.push(effect);
    if (effect.type === 'send') {
      const message = decodeMessage(effect.payload, 0, effect.payload.length);
      if (typeof message !== 'number' && message.kind === 'file-block') far.blocksSent += 1;
      void send(effect.to, effect.payload).then((outcome) => files.feed({ type: 'outcome', token: effect.token, outcome }));
    } else if (effect.type === 'want-block') {
      const bytes = octets.get(hex(effect.sha256))!.slice(effect.at, effect.at + effect.octets);
      files.feed({ type: 'block', token: effect.token, block: effect.block, bytes });
    } else if (effect.type === 'offered') {
      octets.set(hex(effect.sha256), new Uint8Array(effect.octets));
      files.feed({ type: 'accept', from: effect.from, sha256: effect.sha256 });
    } else if (effect.type === 'store-block') {
      octets.get(hex(effect.sha256))!.set(effect.bytes, effect.at);
      files.feed({ type: 'stored', from: effect.from, sha256: effect.sha256, block: effect.block });
    } else if (effect.type === 'verify') {
      const fits =
        createHash('sha256')
          .update(octets.get(hex(effect.sha256))!)
          .digest('hex') === hex(effect.sha256);
      files.feed({ type: 'verified', from: effect.from, sha256: effect.sha256, fits });
    } else if (effect.type === 'done' && effect.outcome === 'complete') whole.get(hex(effect.sha256))?.();
  });

  const transmit = ether.join(macOf(key), ({ from, to, rssi, bytes }) =>
    driver.feed({ type: 'frame', link: 'air', from, to, rssi, bytes }),
  );
  const driver: MachineDriver<NodeInput, NodeEffect> = new MachineDriver(node, clock, (effect) => {
    if (effect.type === 'transmit') transmit(effect.to, effect.bytes, () => driver.feed({ type: 'sent', link: 'air', ok: true }));
    else if (effect.type === 'outcome') outcomes.get(effect.token)?.(effect.outcome);
    else if (effect.type === 'want-health')
      driver.feed({
        type: 'health',
        reading: { chunkPeak: 0, chunkSize: 0, slotPeak: 0, slotSize: 0, stackPeak: 0, stackSize: 0, computation: 0, overruns: 0 },
      });
    else if (effect.type === 'message') {
      const message = decodeMessage(effect.payload, 0, effect.payload.length);
      if (typeof message === 'number') return;
      if (message.kind === 'text-message') far.texts.push(message.text);
      else files.feed({ type: 'message', from: effect.from, payload: effect.payload });
    }
  });
  timers.push(
    () => driver.stop(),
    () => files.stop(),
  );
  const far: Far = {
    id: idOf(key),
    node,
    texts: [],
    files: [],
    blocksSent: 0,
    text: (to, text) => send({ node: fromHex(to) }, encoded({ kind: 'text-message', text })),
    file(to, name, bytes) {
      const sha256 = createHash('sha256').update(bytes).digest();
      octets.set(hex(sha256), bytes);
      return new Promise((resolve) => {
        whole.set(hex(sha256), resolve);
        files.feed({
          type: 'offer',
          token: nextToken++,
          to: { node: fromHex(to) },
          sha256,
          octets: bytes.length,
          name,
          mediaType: 'image/jpeg',
        });
      });
    },
    received: (sha256) =>
      far.files.some((effect) => effect.type === 'done' && effect.direction === 'in' && hex(effect.sha256) === sha256)
        ? octets.get(sha256)
        : undefined,
  };
  return far;
}

function encoded(message: Message): Uint8Array {
  const w = new ByteWriter(new Uint8Array(MESSAGE_MAX));
  encodeMessage(w, message);
  return w.written();
}

function keyOf(secret: number): Uint8Array {
  const key = new Uint8Array(33);
  curve.publicKey(key, new Uint8Array(32).fill(secret));
  return key;
}

function cryptoFor(secret: number): InlineCrypto {
  const tools = { curve, hashes: kernels };
  const own = new Uint8Array(32).fill(secret);
  return inlineCrypto({
    ...tools,
    ownEcdh: (peer) => sharedSecret(tools, own, peer),
    random: (octets) => new Uint8Array(randomBytes(octets)),
  });
}

function idOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

function macOf(key: Uint8Array): Uint8Array {
  return fromHex(`02${idOf(key).slice(0, 10)}`);
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
