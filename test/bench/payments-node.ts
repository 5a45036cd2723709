/** Nodes of the payment bench: keys from numbers, engines over the real curve, channels that the chain is said to have. */
import { createClock } from '../../hosts/node/index.js';
import { Engine } from '../../hosts/box/channels/engine.js';
import type { Ledger } from '../../hosts/box/channels/ledger.js';
import type { WasmCurveKernels } from '../../assembly/wasm/index.js';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { defaultRules, Layouts, type ChannelsInput, type Peer } from '../../firmware/core/channel/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';

export const TOKEN = new Uint8Array(20).fill(0x70);
export const network = { chainId: 20180430, contract: new Uint8Array(20).fill(0xcc) };
/** 5 units of a token with 18 decimals, and deposits that last. */
export const amount = 5n * 10n ** 18n;
const DEPOSIT = 10n ** 24n;
const TIMEOUT = 40_000;

/** What a message's octets come to on the air: envelope 16, tag 16, and 22 or 21 of the segment around them (transport.cddl). */
export const onAir = (octets: number): number => octets + 32 + (octets < 24 ? 21 : 22);

export interface Person extends Peer {
  readonly secret: Uint8Array;
}

const people = new Map<number, Person>();
const { kernels: hashes, curve: points } = loadWasmKernels();

export function person(number: number): Person {
  const known = people.get(number);
  if (known) return known;
  const secret = new Uint8Array(32).fill(number + 1);
  const key = new Uint8Array(33);
  const affine = new Uint8Array(64);
  if (!points.publicKey(key, secret) || !points.decompress(affine, key)) throw new Error('not a key');
  const layouts = new Layouts(hashes, network);
  const made = { secret, key, address: layouts.keccak(affine).slice(12), node: layouts.secretHash(key).slice(0, 8) };
  people.set(number, made);
  return made;
}

interface Options {
  readonly kernels: Kernels;
  readonly curve: WasmCurveKernels;
  readonly self: number;
  readonly store: Ledger['append'];
  readonly send: (to: Uint8Array, payload: Uint8Array) => void;
}

export function benchEngine({ kernels, curve, self, store, send }: Options): Engine {
  const { secret, ...peer } = person(self);
  const shared = (key: Uint8Array): Uint8Array | undefined => {
    const point = new Uint8Array(33);
    const out = new Uint8Array(32);
    if (!curve.ecdh(point, secret, key)) return undefined;
    kernels.sha256(out, point);
    return out;
  };
  return new Engine({
    kernels,
    curve,
    network,
    self: peer,
    rules: defaultRules,
    feeOf: () => 0n,
    keyOf: (node) => [...people.values()].find((each) => each.node.every((octet, i) => octet === node[i]))?.key,
    clock: createClock(),
    ledger: { records: [], append: store } as unknown as Ledger,
    signer: {
      sign(digest, done) {
        const signature = new Uint8Array(65);
        curve.sign(signature, digest, secret);
        done(signature);
      },
      ecdh: (key, done) => done(shared(key)),
    },
    send,
    submit: () => undefined,
  });
}

/** The chain tells a node of its channels with others. */
export function openEvent(self: number, others: readonly number[]): ChannelsInput {
  const layouts = new Layouts(hashes, network);
  const me = person(self);
  return {
    type: 'chain',
    height: 1_000,
    time: 1_790_000_000,
    events: others.map((other) => {
      const { key, address, node } = person(other);
      const peer = { key, address, node };
      const id = layouts.channelId(me.address, peer.address, TOKEN);
      return { type: 'opened', id, token: TOKEN, peer, openBlock: 900, settleTimeout: TIMEOUT, deposit: DEPOSIT, peerDeposit: DEPOSIT };
    }),
  };
}
