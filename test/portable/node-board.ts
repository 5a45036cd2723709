/** The board runtime: ports in, a node and its serial line out. Two boards on one air, a box on the serial port of the first. */
import { hex, millis, NEVER, Prng, type Millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { SerialLine, type SerialLineInput } from '../../firmware/core/link/index.js';
import { createNode, startBoard, type Board, type BoardPorts, type Node, type NodeInput } from '../../firmware/core/node/index.js';
import type { RadioFrame, RadioKind } from '../../firmware/core/ports/index.js';
import { check, equal, suite, throws } from './harness.js';
import { seedOf } from './medium.js';
import { keyOf, toyCrypto } from './toy-group.js';

const kernels = createKernels();
const NO_MAC = new Uint8Array(6);
/** Octets that the board's UART takes at once, and empties into the line each millisecond. */
const FIFO = 64;
const OCTETS_A_MILLISECOND = 11;

class World {
  now: Millis = millis(0);
  readonly boards: FakeBoard[] = [];
  readonly events: { readonly at: number; readonly run: () => void }[] = [];

  at(delay: number, run: () => void): void {
    this.events.push({ at: this.now + delay, run });
  }

  /** Each millisecond: what is due, then ticks. */
  run(duration: number, each: () => void = () => undefined): void {
    for (const end = this.now + duration; this.now < end; this.now = millis(this.now + 1)) {
      for (const event of this.events.filter(({ at }) => at <= this.now)) {
        this.events.splice(this.events.indexOf(event), 1);
        event.run();
      }
      for (const { board } of this.boards) if (board.deadline() <= this.now) board.tick(this.now);
      each();
    }
  }
}

class FakeBoard {
  readonly board: Board;
  readonly frames: Uint8Array[] = [];
  readonly lines: string[] = [];
  receive: (frame: RadioFrame) => void = () => undefined;
  sent: (kind: RadioKind, ok: boolean) => void = () => undefined;
  /** The serial port: what waits in the UART, and who reads the line. */
  fifo: number[] = [];
  onOctets: (bytes: Uint8Array) => void = () => undefined;
  toBoard: (bytes: Uint8Array) => void = () => undefined;
  reads = 0;

  constructor(world: World, number: number, serial: boolean) {
    const mac = new Uint8Array([2, 0, 0, 0, 0, number]);
    const toy = toyCrypto(number, new Prng(seedOf(number)));
    const ports: BoardPorts = {
      radio: {
        mtu: (kind) => (kind === 'air' ? 250 : 244),
        transmit: (kind, to, bytes) => {
          this.frames.push(bytes);
          world.at(3, () => {
            this.sent(kind, true);
            for (const other of world.boards) if (other !== this) other.receive({ kind, from: mac, to, rssi: -40, bytes });
          });
        },
        onReceive: (handler) => (this.receive = handler),
        onSent: (handler) => (this.sent = handler),
      },
      serial: serial
        ? {
            room: () => FIFO - this.fifo.length,
            write: (bytes) => {
              check(bytes.length <= FIFO - this.fifo.length, 'more than there is room for');
              this.fifo.push(...bytes);
            },
            onReceive: (handler) => (this.toBoard = handler),
          }
        : undefined,
      clock: { now: () => ({ mono: world.now, error: millis(0) }) },
      random: { request: (length, done) => world.at(2, () => done(toy.random(length))) },
      signer: {
        publicKey: (done) => world.at(1, () => done(keyOf(number))),
        sign: () => undefined,
        ecdh: () => undefined,
      },
      kernels,
      jobs: { run: (job, done) => world.at(9, () => done(toy.run(job))) },
      health: {
        read: () => {
          this.reads += 1;
          return { chunkPeak: 1, chunkSize: 2, slotPeak: 3, slotSize: 4, stackPeak: 5, stackSize: 6, computation: 7, overruns: 8 };
        },
      },
      log: (line) => void this.lines.push(line),
    };
    this.board = startBoard(ports, { name: 'test 1', links: ['air'], mac: { air: mac } });
    world.boards.push(this);
  }
}

/** A box at the other end of the first board's serial line. */
class Box {
  readonly node: Node;
  readonly line: SerialLine;
  readonly pongs: number[] = [];
  readonly messages: Uint8Array[] = [];
  readonly #world: World;
  readonly #peer: FakeBoard;

  constructor(world: World, peer: FakeBoard) {
    this.#world = world;
    this.#peer = peer;
    this.node = createNode({
      publicKey: keyOf(99),
      role: 'box',
      kernels,
      mtu: { serial: 250 },
      seed: seedOf(99),
      inline: toyCrypto(99, new Prng(seedOf(98))),
    });
    this.line = new SerialLine({ name: 'box', role: 'box', key: keyOf(99), session: 5, holds: 4096 });
    this.feedLine({ type: 'room', octets: 1 << 20 });
  }

  step(): void {
    const bytes = this.#peer.fifo.splice(0, OCTETS_A_MILLISECOND);
    if (bytes.length > 0) this.feedLine({ type: 'octets', bytes: new Uint8Array(bytes) });
    if (this.line.deadline() <= this.#world.now) this.feedLine({ type: 'tick' });
    if (this.node.deadline() <= this.#world.now) this.feedNode({ type: 'tick' });
  }

  feedLine(input: SerialLineInput): void {
    this.line.handle(this.#world.now, input);
    for (let effect = this.line.poll(); effect !== undefined; effect = this.line.poll()) {
      if (effect.type === 'write') {
        const bytes = effect.bytes.slice();
        for (let at = 0; at < bytes.length; at += 16) this.#world.at(2 + at / 16, () => this.#peer.toBoard(bytes.slice(at, at + 16)));
        this.line.handle(this.#world.now, { type: 'room', octets: 1 << 20 });
      } else if (effect.type === 'frame')
        this.feedNode({ type: 'frame', link: 'serial', from: NO_MAC, to: NO_MAC, rssi: 0, bytes: effect.bytes });
      else if (effect.type === 'sent') this.feedNode({ type: 'sent', link: 'serial', ok: effect.ok });
      else if (effect.type === 'paired' || effect.type === 'lost')
        this.feedNode({ type: 'link', link: 'serial', up: effect.type === 'paired' });
    }
  }

  feedNode(input: NodeInput): void {
    this.node.handle(this.#world.now, input);
    for (let effect = this.node.poll(); effect !== undefined; effect = this.node.poll()) {
      if (effect.type === 'transmit') this.feedLine({ type: 'send', frame: effect.bytes });
      else if (effect.type === 'pong') this.pongs.push(effect.hops);
      else if (effect.type === 'message') this.messages.push(effect.payload);
    }
  }
}

suite('board', (t) => {
  t.test('waits for its key and its seed, then runs', () => {
    const world = new World();
    const one = new FakeBoard(world, 1, false);
    equal<number>(one.board.deadline(), NEVER);
    check(one.board.id === undefined && one.board.counters() === undefined, 'it has no id yet');
    world.run(2);
    check(one.board.id === undefined, 'the key alone is not enough');
    world.run(2000);
    const digest = new Uint8Array(32);
    kernels.sha256(digest, keyOf(1));
    equal(hex(one.board.id!), hex(digest.subarray(0, 8)));
    check(one.frames.length >= 3, `${one.frames.length} beacons`);
  });

  t.test('two boards find each other; the box behind one reaches the other through a UART of 64 octets', () => {
    const world = new World();
    const [near, far] = [new FakeBoard(world, 1, true), new FakeBoard(world, 2, false)];
    const box = new Box(world, near);
    world.run(8000, () => box.step());
    check(near.lines.includes('paired with box'), near.lines.join());
    let routes = 0;
    box.node.routes(() => (routes += 1));
    equal(routes, 2);
    box.feedNode({ type: 'ping', token: 1, to: { node: far.board.id! } });
    const request = new Uint8Array([0xa1, 0, 4]);
    box.feedNode({ type: 'send', token: 2, to: { node: far.board.id! }, class: 'control', payload: request });
    world.run(4000, () => box.step());
    equal(box.pongs.join(), '2');
    equal(far.reads, 1, 'its health was read for the report');
    equal(box.messages.length, 1);
  });

  t.test('the box goes: the board notices and goes on', () => {
    const world = new World();
    const near = new FakeBoard(world, 1, true);
    const box = new Box(world, near);
    world.run(5000, () => box.step());
    world.run(9000);
    check(
      near.lines.some((line) => line.startsWith('serial line lost')),
      near.lines.join(),
    );
    const before = near.frames.length;
    world.run(25_000);
    check(near.frames.length > before, 'it beacons');
  });

  t.test('a board without a radio link is misuse', () => {
    const world = new World();
    throws(() => startBoard({ ...portsOf(world), kernels }, { name: 'x', links: [] }), 'board-links');
  });
});

function portsOf(world: World): Omit<BoardPorts, 'kernels'> {
  return {
    radio: { mtu: () => 250, transmit: () => undefined, onReceive: () => undefined, onSent: () => undefined },
    clock: { now: () => ({ mono: world.now, error: millis(0) }) },
    random: { request: () => undefined },
    signer: { publicKey: () => undefined, sign: () => undefined, ecdh: () => undefined },
    jobs: { run: () => undefined },
    health: {
      read: () => ({ chunkPeak: 0, chunkSize: 0, slotPeak: 0, slotSize: 0, stackPeak: 0, stackSize: 0, computation: 0, overruns: 0 }),
    },
    log: () => undefined,
  };
}
