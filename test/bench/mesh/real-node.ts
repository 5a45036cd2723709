/**
 * The process in one network namespace of `npm run bench:mesh:real`: on `go` it runs our node over IPv6 multicast on the interface `uplink`; in any case
 * it answers UDP echoes, so that whatever routes the kernel holds can be tried. Commands and answers travel over the channel to its parent.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { millis, NEVER, u32At } from '../../../firmware/core/base/index.js';
import { createNode, type Node } from '../../../firmware/core/node/index.js';
import { cryptoOf, identityOf, kernels } from '../../../hosts/sim/mesh.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';

export type Command =
  | { readonly type: 'go' }
  | { readonly type: 'routes' }
  | { readonly type: 'ping'; readonly token: number; readonly to: number }
  | { readonly type: 'echo'; readonly token: number; readonly address: string };

export type Reply =
  | { readonly type: 'ready' }
  /** By destination: the next hop's station, or -1. */
  | { readonly type: 'routes'; readonly hops: readonly number[] }
  | { readonly type: 'answer'; readonly token: number; readonly ok: boolean };

const [index, size, seed] = process.argv.slice(2).map(Number) as [number, number, number];
const meshPort = 6770;
const echoPort = 6771;
const group = 'ff02::6d62';
const echoPatience = 2_000;
const byId = new Map(Array.from({ length: size }, (_, other) => [u32At(identityOf(seed, 'board', other).id, 0), other]));
const identity = identityOf(seed, 'board', index);
const { publicKey, mac } = identity;

const say = (reply: Reply): void => void process.send!(reply);

let node: Node | undefined;
let timer: NodeJS.Timeout | undefined;
const began = performance.now();
const now = (): ReturnType<typeof millis> => millis(Math.floor(performance.now() - began));

const air = createSocket({ type: 'udp6', reuseAddr: true });
air.on('message', (message) => {
  node?.handle(now(), {
    type: 'frame',
    link: 'air',
    from: message.subarray(0, 6),
    to: message.subarray(6, 12),
    rssi: -50,
    bytes: Uint8Array.from(message.subarray(12)),
  });
  turn();
});

function turn(): void {
  if (node === undefined) return;
  for (let effect = node.poll(); effect !== undefined; effect = node.poll()) {
    if (effect.type === 'transmit') {
      air.send(Buffer.concat([mac, effect.to, effect.bytes]), meshPort, `${group}%uplink`, () => {
        node!.handle(now(), { type: 'sent', link: 'air', ok: true });
        turn();
      });
    } else if (effect.type === 'pong') say({ type: 'answer', token: effect.token, ok: true });
    else if (effect.type === 'outcome') say({ type: 'answer', token: effect.token, ok: false });
  }
  clearTimeout(timer);
  const due = node.deadline();
  if (due === NEVER) return;
  timer = setTimeout(
    () => {
      node!.handle(now(), { type: 'tick' });
      turn();
    },
    Math.max(1, due - now()),
  );
}

const echo = createSocket('udp6');
const open = new Map<number, NodeJS.Timeout>();
echo.on('message', (message, { address, port }) => {
  const token = message.readUInt32BE(1);
  if (message[0] === 0) return echo.send(Buffer.concat([Buffer.of(1), message.subarray(1)]), port, address);
  if (!open.has(token)) return;
  clearTimeout(open.get(token));
  open.delete(token);
  say({ type: 'answer', token, ok: true });
});
// A destination without a route is an answer that does not come.
echo.on('error', () => undefined);

process.on('message', (command: Command) => {
  switch (command.type) {
    case 'go':
      node = createNode({
        publicKey,
        role: 'board',
        kernels,
        mtu: { air: 250 },
        mac: { air: mac },
        seed: new RandomStream(seed, 'node', index, began).bytes(16),
        inline: cryptoOf(identity, (octets) => new Uint8Array(randomBytes(octets))),
      });
      node.handle(now(), { type: 'tick' });
      turn();
      break;
    case 'routes': {
      const hops = new Array<number>(size).fill(-1);
      node?.routes((id, nextHop) => {
        const to = byId.get(u32At(id, 0));
        if (to !== undefined) hops[to] = byId.get(u32At(nextHop, 0)) ?? -1;
      });
      say({ type: 'routes', hops });
      break;
    }
    case 'ping':
      node!.handle(now(), { type: 'ping', token: command.token, to: { node: identityOf(seed, 'board', command.to).id } });
      turn();
      break;
    case 'echo': {
      const { token, address } = command;
      const request = Buffer.alloc(5);
      request.writeUInt32BE(token, 1);
      open.set(
        token,
        setTimeout(() => {
          open.delete(token);
          say({ type: 'answer', token, ok: false });
        }, echoPatience),
      );
      echo.send(request, echoPort, address, () => undefined);
      break;
    }
  }
});
process.on('disconnect', () => process.exit(0));

air.bind(meshPort, () => {
  air.addMembership(group, '::%uplink');
  air.setMulticastInterface('::%uplink');
  air.setMulticastLoopback(false);
  echo.bind(echoPort, () => say({ type: 'ready' }));
});
