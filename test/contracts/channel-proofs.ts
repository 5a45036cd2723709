/** What channel participants sign, from the layouts of the golden values: digests and signatures by viem, which shares no code with the contract or with firmware/core. */
import { concatHex, encodePacked, keccak256, pad, serializeSignature, size, stringToHex, type Hex } from 'viem';
import { sign } from 'viem/accounts';

export interface Life {
  readonly channel: Hex;
  readonly openBlock: bigint;
  readonly chainId: bigint;
}

const wrap = (payload: Hex): Hex => keccak256(concatHex([stringToHex(`\x19Spectrum Signed Message:\n${size(payload)}`), payload]));
const tail = ({ channel, openBlock, chainId }: Life): Hex => encodePacked(['bytes32', 'uint64', 'uint256'], [channel, openBlock, chainId]);

export const digests = {
  balanceProof: (transferred: bigint, locksroot: Hex, nonce: bigint, additionalHash: Hex, life: Life): Hex =>
    wrap(
      concatHex([encodePacked(['uint256', 'bytes32', 'uint64', 'bytes32'], [transferred, locksroot, nonce, additionalHash]), tail(life)]),
    ),
  delegation: (transferred: bigint, locksroot: Hex, nonce: bigint, life: Life): Hex =>
    wrap(concatHex([encodePacked(['uint256', 'bytes32', 'uint64'], [transferred, locksroot, nonce]), tail(life)])),
  cooperativeSettle: (one: Hex, balance1: bigint, other: Hex, balance2: bigint, life: Life): Hex =>
    wrap(concatHex([encodePacked(['address', 'uint256', 'address', 'uint256'], [one, balance1, other, balance2]), tail(life)])),
  withdraw: (participant: Hex, balance: bigint, amount: bigint, life: Life): Hex =>
    wrap(concatHex([encodePacked(['address', 'uint256', 'uint256'], [participant, balance, amount]), tail(life)])),
  disposed: (lockhash: Hex, additionalHash: Hex, life: Life): Hex => wrap(concatHex([lockhash, tail(life), additionalHash])),
  unlockDelegation: (delegatee: Hex, expiration: bigint, amount: bigint, secretHash: Hex, life: Life): Hex =>
    wrap(concatHex([encodePacked(['address', 'uint256', 'uint256', 'bytes32'], [delegatee, expiration, amount, secretHash]), tail(life)])),
};

export const signed = async (key: Hex, digest: Hex): Promise<Hex> => serializeSignature(await sign({ hash: digest, privateKey: key }));

export const lockHash = (expiration: bigint, amount: bigint, secretHash: Hex): Hex =>
  keccak256(encodePacked(['uint256', 'uint256', 'bytes32'], [expiration, amount, secretHash]));

export const pair = (a: Hex, b: Hex): Hex => keccak256(a < b ? concatHex([a, b]) : concatHex([b, a]));

export const word = (value: number | bigint): Hex => pad(`0x${value.toString(16)}`, { size: 32 });
export const zero = word(0);
