/** One of the four processes of the three-hop bench: `payments-process.ts FOLDER NUMBER`. Neighbours talk over unix sockets, orders come from the parent. */
import { createServer, connect, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { hex } from '../../firmware/core/base/index.js';
import { Ledger } from '../../hosts/box/channels/ledger.js';
import { amount, benchEngine, onAir, openEvent, person, TOKEN } from './payments-node.js';

export type Order =
  | { readonly type: 'connect' | 'reset' }
  | { readonly type: 'pay'; readonly count: number; readonly inFlight: number }
  | { readonly type: 'report' };
export type Answer =
  | { readonly type: 'ready' | 'connected' }
  | { readonly type: 'paid'; readonly seconds: number }
  | { readonly type: 'report'; readonly octets: number; readonly cpu: number };

const [folder, number] = [process.argv[2]!, Number(process.argv[3])];
for (let i = 0; i < 4; i += 1) person(i);
const { kernels, curve } = loadWasmKernels();
const say = (answer: Answer): void => void process.send!(answer);
const sockets = new Map<string, Socket>();
let octets = 0;
let cpuBefore = 0;

const ledger = await Ledger.open(join(folder, `hop${number}`), (error) => {
  throw error;
});
const engine = benchEngine({
  kernels,
  curve,
  self: number,
  store: (records, facts, done) => ledger.append(records, facts, done),
  send(to, payload) {
    octets += onAir(payload.length);
    const head = Buffer.alloc(2);
    head.writeUInt16BE(payload.length);
    const socket = sockets.get(hex(to));
    if (socket === undefined) return;
    // What one turn sends goes in one write.
    if (socket.writableCorked === 0) {
      socket.cork();
      setImmediate(() => socket.uncork());
    }
    socket.write(head);
    socket.write(payload);
  },
});

function join2(neighbour: number, socket: Socket): void {
  const { node } = person(neighbour);
  sockets.set(hex(node), socket);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE()) {
      const end = 2 + rest.readUInt16BE();
      const payload = new Uint8Array(rest.subarray(2, end));
      rest = rest.subarray(end);
      engine.feed({ type: 'message', from: node, payload });
    }
  });
}

async function pay(count: number, inFlight: number): Promise<number> {
  const from = process.hrtime.bigint();
  const route = [1, 2, 3].map((i) => person(i).node);
  let begun = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      begun += 1;
      engine.command(
        { type: 'pay', currency: TOKEN, amount, routes: [route], fee: 10n ** 15n, entropy: randomBytes(8), payeeKey: person(3).key },
        ({ outcome, reason }) => {
          if (outcome === 'pending') return false;
          if (outcome === 'paid') resolve();
          else reject(new Error(`a payment is ${outcome}: ${reason}`));
          return true;
        },
      );
    });
  const lane = async (): Promise<void> => {
    while (begun < count) await one();
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return Number(process.hrtime.bigint() - from) / 1e9;
}

const path = (i: number): string => join(folder, `socket${i}`);
createServer((socket) => join2(number - 1, socket)).listen(path(number), () => say({ type: 'ready' }));
process.on('message', (order: Order) => {
  if (order.type === 'report') return say({ type: 'report', octets, cpu: process.cpuUsage().user + process.cpuUsage().system - cpuBefore });
  if (order.type === 'pay') return void pay(order.count, order.inFlight).then((seconds) => say({ type: 'paid', seconds }));
  if (order.type === 'reset') {
    octets = 0;
    const { user, system } = process.cpuUsage();
    cpuBefore = user + system;
    return say({ type: 'connected' });
  }
  const ready = (): void => {
    engine.feed(
      openEvent(
        number,
        [number - 1, number + 1].filter((i) => i >= 0 && i < 4),
      ),
    );
    say({ type: 'connected' });
  };
  if (number === 3) return ready();
  const socket = connect(path(number + 1), ready);
  join2(number + 1, socket);
});
