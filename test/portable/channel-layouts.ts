/** Layouts, lock roots and records of channels, against values of the original contract (photon-contract.json, our own measurement). */
import { concat, hex } from '../../firmware/core/base/index.js';
import {
  amountOctets,
  amountOf,
  decodeChannel,
  encodeChannel,
  Layouts,
  type Channel,
  type Lock,
} from '../../firmware/core/channel/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import golden from '../channel/photon-contract.json' with { type: 'json' };
import { equal, same, suite, throws } from './harness.js';
import { unhex } from './wire-codecs.js';

const octets = (text: string): Uint8Array => unhex(text.slice(2));
const word = (value: number): Uint8Array => {
  const out = new Uint8Array(32);
  out[30] = value >> 8;
  out[31] = value & 255;
  return out;
};
const addresses = {
  A: octets(golden.keys.A.address.toLowerCase()),
  B: octets(golden.keys.B.address.toLowerCase()),
  C: octets(golden.keys.C.address.toLowerCase()),
};
const kernels = createKernels();
const network = { chainId: golden.chain_id, contract: octets(golden.contract) };
const layouts = new Layouts(kernels, network);
const locks = golden.locks.map(({ expiration, amount, secret }) => ({
  expiryBlock: expiration,
  amount: BigInt(amount),
  hash: layouts.secretHash(octets(secret)),
}));
const hashes = locks.map((lock) => layouts.lockHash(lock));
const root = layouts.locksroot(hashes);
const id = octets(golden.channel_id);

/** Digests by kind, as the fields of the vectors give them, by an implementation of the hashes. */
export function digestsBy(hashing: Kernels): Readonly<Record<string, () => Uint8Array>> {
  const made = new Layouts(hashing, network);
  const all = golden.locks.map(({ expiration, amount, secret }) => ({
    expiryBlock: expiration,
    amount: BigInt(amount),
    hash: made.secretHash(octets(secret)),
  }));
  const lockHashes = all.map((lock) => made.lockHash(lock));
  const proof = { transferred: 50n, locksroot: made.locksroot(lockHashes), nonce: 3 };
  const additional = new Uint8Array(32).fill(0x11);
  return {
    withdraw: () => made.withdraw({ id, openBlock: 100 }, addresses.A, 1_000n, 100n),
    balance_proof: () => made.balanceProof({ id, openBlock: 110 }, proof, additional),
    balance_proof_delegation: () => made.balanceProofDelegation({ id, openBlock: 110 }, proof),
    unlock_delegation: () => made.unlockDelegation({ id, openBlock: 110 }, addresses.C, all[0]!),
    disposed_proof: () => made.disposedProof({ id, openBlock: 110 }, lockHashes[0]!, additional),
    cooperative_settle: () => made.cooperativeSettle({ id, openBlock: 500 }, addresses.A, 400n, addresses.B, 1_100n),
  };
}

suite('channel layouts', (t) => {
  t.test('ids, lock hashes and roots are the original contract’s', () => {
    same(layouts.channelId(addresses.A, addresses.B, octets(golden.token)), id, 'channel id');
    same(layouts.channelId(addresses.B, addresses.A, octets(golden.token)), id, 'channel id, the other way round');
    golden.locks.forEach(({ lockhash }, i) => same(hashes[i]!, octets(lockhash), `lock ${i}`));
    same(locks[0]!.hash, octets(golden.locks[0]!.secret_hash_sha256!), 'secret hash');
    same(root, octets(golden.locksroot_of_the_three), 'locks root');
    same(layouts.merkleProof(hashes, 0), concat(hashes[1]!, hashes[2]!), 'way to the root of the first');
    same(layouts.merkleProof(hashes, 2), layouts.locksroot(hashes.slice(0, 2)), 'way to the root of an odd one');
    same(layouts.locksroot([]), word(0), 'no locks');
  });

  t.test('every digest is the original contract’s', () => {
    equal(golden.signed.length, 6);
    const digests = digestsBy(kernels);
    for (const { kind, digest } of golden.signed) same(digests[kind]!(), octets(digest), kind);
  });

  t.test('amounts are as short as they can be', () => {
    for (const value of [0n, 1n, 255n, 256n, 0xffffffffn, 1n << 32n, 5n * 10n ** 18n, (1n << 128n) - 1n])
      equal(amountOf(amountOctets(value)), value);
    equal(amountOctets(0n).length, 0);
    equal(hex(amountOctets(256n)), '0100');
  });

  t.test('a record brings the whole channel back, and nothing less', () => {
    const fill = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
    const lock: Lock = {
      ...locks[0]!,
      nonce: 2 ** 40,
      expiryTime: 1_800_000_000,
      fee: 3n,
      origin: fill(16, 1),
      route: fill(24, 2),
      state: 'waived',
      secret: fill(32, 3),
      waived: { reason: 4, additional: fill(32, 5), signature: fill(64, 6) },
      known: true,
      registered: true,
      paid: true,
      from: { channel: hex(id), nonce: 9 },
      earned: 2n,
    };
    const half = {
      nonce: 7,
      transferred: 10n ** 20n,
      locks: [lock, { ...lock, secret: undefined, waived: undefined, from: undefined }],
      additional: fill(32, 7),
      signature: fill(64, 8),
    };
    const channel: Channel = {
      key: hex(id),
      id,
      token: fill(20, 9),
      peer: { key: fill(33, 10), address: fill(20, 11), node: fill(8, 12) },
      settleTimeout: 40_000,
      openBlock: 110,
      phase: 'withdrawing',
      settleBlock: 190,
      deposit: 1_000n,
      peerDeposit: 0n,
      mine: half,
      theirs: { ...half, locks: [] },
      outbox: [{ nonce: 7, payload: fill(90, 13) }],
      agreement: { withdraw: 5n, ours: true, mine: fill(64, 14), theirs: undefined },
      penalties: [
        { reason: 1, additional: fill(32, 15), signature: fill(64, 16), lockHash: fill(32, 17), hash: fill(32, 18), expiryBlock: 400 },
      ],
      assured: 12n,
      handedIn: 6,
      known: { mine: { transferred: 30n, locksroot: fill(32, 19) }, theirs: { transferred: 0n, locksroot: fill(32, 20) } },
      behind: true,
    };
    const record = encodeChannel(channel);
    same(encodeChannel(decodeChannel(record)), record);
    equal(decodeChannel(record).mine.locks[0]!.from!.nonce, 9);
    throws(() => decodeChannel(record.subarray(0, record.length - 1)), 'channel-record');
    throws(() => decodeChannel(concat(record, word(0))), 'channel-record');
  });
});
