/**
 * The carrier of the exchange between boxes: libp2p over TCP with Noise and yamux, gossipsub for what everyone wants, one stream for a question and its
 * answer, mDNS to find the boxes of an island without Internet. Peers that were named are dialled again and again.
 */
import './with-resolvers.js';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { PeerId, Stream } from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import { tcp } from '@libp2p/tcp';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { hex } from '../../../../firmware/core/base/index.js';
import { messageOf, Problem } from '../../../node/index.js';
import type { Chain } from '../chain.js';
import { BLOCK_MAX } from '../consensus/index.js';
import { Exchange, topics, type Question, type Topic } from './exchange.js';

/** A question is answered within so long: 4 MB at 2 Mbit/s. */
const PATIENCE = 20_000;
/** Between two looks for named peers that are not connected. */
const DIAL_EVERY = 5_000;
/** A peer that was let go is not dialled or taken for so long. */
const BANISHED = 10 * 60_000;
/** Octets of an answer that are sent before the other side must have read some. */
const PIECE = 64 * 1024;

export interface NetworkOptions {
  /** Multiaddrs, for example /ip4/0.0.0.0/tcp/8481. */
  readonly listen: readonly string[];
  readonly peers: readonly string[];
  /** Find neighbours by multicast DNS. */
  readonly local: boolean;
  readonly log: (line: string) => void;
}

export interface Network {
  readonly addresses: () => string[];
  readonly peers: () => { readonly id: string; readonly address: string; readonly head?: number; readonly final?: number }[];
  stop(): Promise<void>;
}

export async function startNetwork(chain: Chain, { listen, peers, local, log }: NetworkOptions): Promise<Network> {
  // Boxes of another chain speak other protocols: they do not even hear each other's gossip.
  const name = hex(chain.genesis).slice(0, 16);
  const topicOf = (topic: Topic): string => `/meshbox/${name}/${topic}`;
  const protocolOf = (question: Question): string => `/meshbox/${name}/${question}/1`;
  const banished = new Map<string, number>();
  const isBanished = (peer: string): boolean => (banished.get(peer) ?? 0) > Date.now();
  const named = peers.map(readAddress);

  const node = await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    ...(local && { peerDiscovery: [mdns({ serviceTag: `_meshbox-${name}._udp.local` })] }),
    connectionGater: {
      denyInboundEncryptedConnection: (peer) => isBanished(peer.toString()),
      denyDialPeer: (peer) => isBanished(peer.toString()),
    },
    services: {
      identify: identify(),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true, floodPublish: true, emitSelf: false }),
    },
  }).catch((error: unknown) => {
    throw new Problem(
      'chain-network',
      `the chain cannot listen on ${listen.join(', ')} (${messageOf(error)})`,
      'Name free addresses like /ip4/0.0.0.0/tcp/8481.',
    );
  });
  const { pubsub } = node.services;
  const idOf = (peer: string): PeerId | undefined => node.getPeers().find((each) => each.toString() === peer);

  const exchange = new Exchange(
    chain,
    {
      gossip: (topic, octets) =>
        void pubsub.publish(topicOf(topic), octets).catch((error: unknown) => log(`chain: a ${topic} was not told: ${messageOf(error)}`)),
      async ask(peer, question, octets) {
        const id = idOf(peer);
        if (!id) throw new Error('it is not connected');
        const signal = AbortSignal.timeout(PATIENCE);
        const stream = await node.dialProtocol(id, protocolOf(question), { signal });
        return within(signal, stream, async () => {
          await send(stream, octets.length > 0 ? octets : Uint8Array.of(0xc0));
          return receive(stream);
        });
      },
      drop(peer) {
        banished.set(peer, Date.now() + BANISHED);
        const id = idOf(peer);
        if (id) void node.hangUp(id).catch(() => undefined);
      },
    },
    log,
  );

  for (const question of ['status', 'blocks'] as const)
    await node.handle(protocolOf(question), async (stream) => {
      const signal = AbortSignal.timeout(PATIENCE);
      await within(signal, stream, async () => {
        const answer = exchange.answer(question, await receive(stream));
        if (answer) await send(stream, answer);
        else stream.abort(new Error('the question cannot be read'));
      }).catch((error: unknown) => log(`chain: a question was not answered: ${messageOf(error)}`));
    });
  for (const topic of topics) {
    pubsub.topicValidators.set(topicOf(topic), (from, { data }) =>
      exchange.heard(topic, data, from.toString()) ? ('accept' as never) : ('reject' as never),
    );
    pubsub.subscribe(topicOf(topic));
  }
  node.addEventListener('peer:identify', ({ detail }) => {
    if (detail.protocols.includes(protocolOf('status'))) void exchange.joined(detail.peerId.toString());
  });
  node.addEventListener('peer:disconnect', ({ detail }) => exchange.left(detail.toString()));
  node.addEventListener('peer:discovery', ({ detail }) => {
    if (!isBanished(detail.id.toString()) && !idOf(detail.id.toString())) void node.dial(detail.multiaddrs).catch(() => undefined);
  });
  const dial = (): void => {
    const connected = new Set(node.getConnections().map(({ remoteAddr }) => tcpPart(remoteAddr)));
    for (const address of named)
      if (!connected.has(tcpPart(address))) void node.dial(address, { signal: AbortSignal.timeout(DIAL_EVERY) }).catch(() => undefined);
  };
  dial();
  const dialling = setInterval(dial, DIAL_EVERY);

  return {
    addresses: () => node.getMultiaddrs().map(String),
    peers: () =>
      [...exchange.peers()].map(([id, status]) => {
        const address = node.getConnections(idOf(id)).at(0)?.remoteAddr.toString() ?? '';
        return { id, address, ...status };
      }),
    async stop() {
      clearInterval(dialling);
      exchange.stop();
      await node.stop();
    },
  };
}

function readAddress(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch {
    throw new Problem('chain-network', `"${text}" is not the address of a peer`, 'Give one like /ip4/192.0.2.1/tcp/8481.');
  }
}

function tcpPart(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/.*$/, '');
}

async function within<T>(signal: AbortSignal, stream: Stream, work: () => Promise<T>): Promise<T> {
  const expire = (): void => stream.abort(new Error('no answer in time'));
  signal.addEventListener('abort', expire);
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', expire);
  }
}

/** Writes all and says that nothing more comes. */
async function send(stream: Stream, octets: Uint8Array): Promise<void> {
  for (let at = 0; at < octets.length; at += PIECE) if (!stream.send(octets.subarray(at, at + PIECE))) await stream.onDrain();
  await stream.close();
}

async function receive(stream: Stream): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    const octets = piece instanceof Uint8Array ? piece : piece.subarray();
    pieces.push(octets);
    if ((size += octets.length) > 2 * BLOCK_MAX) throw new Error('it sends too much');
  }
  return Buffer.concat(pieces);
}
