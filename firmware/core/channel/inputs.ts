/** What goes into the channel machine and what comes out of it. Keys, disk, chain and air are ports behind effects. */
import type { Kernels } from '../ports/index.js';
import type { Network } from './layouts.js';
import type { Channel, HandedIn, Peer } from './state.js';

export interface ChannelsOptions {
  readonly kernels: Kernels;
  readonly network: Network;
  readonly self: Peer;
  readonly rules: Rules;
  /** What we take for passing `amount` on through a channel. */
  readonly feeOf: (channel: Channel, amount: bigint) => bigint;
  /** Key of a node that pays over others, if it is known: both ends then derive the secret. */
  readonly keyOf: (node: Uint8Array) => Uint8Array | undefined;
  /** Records as the store has them; a fresh node has none. */
  readonly records: readonly StoreRecord[];
}

/** Numbers that a person may choose; defaults and their reasons are in rules.ts. */
export interface Rules {
  /** s. */
  readonly blockPeriod: number;
  /** s that a hop may plan to stay without the chain. */
  readonly longestOffGrid: number;
  /** s that a clock may be wrong. */
  readonly clockError: number;
  /** s that the payee has at least. */
  readonly lastHop: number;
  /** Blocks before a lock's expiry at which its secret goes to the chain. */
  readonly revealTimeout: number;
  /** s that the unlocking of a lock may wait for another proof to come along. */
  readonly unlockDelay: number;
  /** What may be gained off-grid of one peer, and of all, in units of the token: token (hex) -> amounts; absent: nothing is capped. */
  readonly caps: (token: Uint8Array) => { readonly peer: bigint; readonly total: bigint } | undefined;
  /** False: we do not pass payments on. */
  readonly mediates: boolean;
}

export interface StoreRecord {
  readonly key: string;
  /** Undefined: delete. */
  readonly value: Uint8Array | undefined;
}

export type PaymentKind = 'direct' | 'mediated' | 'swap';

/** What a person is told of a payment and what income is counted by: stored together with the state that it follows from. */
export type Fact =
  | {
      readonly type: 'pending' | 'paid' | 'failed';
      readonly id: string;
      readonly kind: PaymentKind;
      readonly token: Uint8Array;
      readonly to: Uint8Array;
      readonly amount: bigint;
      readonly fee: bigint;
      readonly reason?: string;
    }
  | {
      readonly type: 'received';
      readonly id: string;
      readonly kind: PaymentKind;
      readonly token: Uint8Array;
      readonly from: Uint8Array;
      readonly amount: bigint;
      readonly data: Uint8Array;
    }
  | { readonly type: 'forwarded'; readonly id: string; readonly token: Uint8Array; readonly amount: bigint; readonly fee: bigint };

export interface PayCommand {
  readonly type: 'pay';
  readonly token: number;
  readonly currency: Uint8Array;
  readonly amount: bigint;
  /** Of the payee; the first id of a route is a neighbour in the graph of channels. One route of one id: paid directly. */
  readonly routes: readonly (readonly Uint8Array[])[];
  readonly fee: bigint;
  readonly data?: Uint8Array;
  /** 8 random octets, for a payment over locks. */
  readonly entropy: Uint8Array;
  /** Of the payee, for a payment over locks: both ends derive the secret. Absent: the payee asks for it. */
  readonly payeeKey?: Uint8Array;
  /** 32 octets: instead of the derived one. */
  readonly secret?: Uint8Array;
  /** The payee gets the secret only after `allow`. */
  readonly held?: boolean;
  /** A single route is paid directly unless this is set. */
  readonly locked?: boolean;
}

export interface SwapCommand {
  readonly type: 'swap';
  readonly token: number;
  readonly role: 'maker' | 'taker';
  readonly hash: Uint8Array;
  /** The maker's. */
  readonly secret?: Uint8Array;
  readonly send: { readonly currency: Uint8Array; readonly amount: bigint; readonly route: readonly Uint8Array[] };
  readonly receive: { readonly currency: Uint8Array; readonly amount: bigint };
  readonly fee: bigint;
}

export type ChainEvent =
  | {
      readonly type: 'opened';
      readonly id: Uint8Array;
      readonly token: Uint8Array;
      readonly peer: Peer;
      readonly openBlock: number;
      readonly settleTimeout: number;
      readonly deposit: bigint;
      readonly peerDeposit: bigint;
    }
  | { readonly type: 'deposited'; readonly id: Uint8Array; readonly participant: Uint8Array; readonly deposit: bigint }
  | {
      readonly type: 'withdrawn';
      readonly id: Uint8Array;
      readonly openBlock: number;
      readonly deposit: bigint;
      readonly peerDeposit: bigint;
    }
  /** With the proof of the closer's partner. */
  | ({ readonly type: 'closed'; readonly id: Uint8Array; readonly closer: Uint8Array; readonly settleBlock: number } & HandedIn)
  /** `payer`'s proof was handed in. */
  | ({ readonly type: 'updated'; readonly id: Uint8Array; readonly payer: Uint8Array } & HandedIn)
  | {
      readonly type: 'unlocked';
      readonly id: Uint8Array;
      readonly payer: Uint8Array;
      readonly lockHash: Uint8Array;
      readonly transferred: bigint;
    }
  | { readonly type: 'punished'; readonly id: Uint8Array; readonly beneficiary: Uint8Array }
  | { readonly type: 'settled'; readonly id: Uint8Array }
  | { readonly type: 'secret'; readonly secret: Uint8Array; readonly block: number };

export interface ChannelName {
  readonly token: Uint8Array;
  readonly partner: Uint8Array;
}

/** For the chain; a signature has 64 octets, the adapter adds the recovery octet. */
export type Transaction =
  | (ChannelName & { readonly call: 'close' | 'update' } & SignedProof)
  | (ChannelName & {
      readonly call: 'unlock';
      readonly transferred: bigint;
      readonly expiryBlock: number;
      readonly amount: bigint;
      readonly hash: Uint8Array;
      readonly proof: Uint8Array;
    })
  | (ChannelName & {
      readonly call: 'punish';
      readonly lockHash: Uint8Array;
      readonly additional: Uint8Array;
      readonly signature: Uint8Array;
      readonly digest: Uint8Array;
      readonly partnerKey: Uint8Array;
    })
  | (ChannelName & {
      readonly call: 'settle';
      readonly transferred: bigint;
      readonly locksroot: Uint8Array;
      readonly partnerTransferred: bigint;
      readonly partnerLocksroot: Uint8Array;
    })
  | (ChannelName & {
      readonly call: 'cooperative-settle';
      readonly balance: bigint;
      readonly partnerBalance: bigint;
    } & Agreed)
  | (ChannelName & {
      readonly call: 'withdraw';
      readonly balance: bigint;
      readonly amount: bigint;
    } & Agreed)
  | { readonly call: 'register-secret'; readonly secret: Uint8Array };

/** What both have signed; the digest and the partner's key are for the recovery octets. */
export interface Agreed {
  readonly signature: Uint8Array;
  readonly partnerSignature: Uint8Array;
  readonly digest: Uint8Array;
  readonly partnerKey: Uint8Array;
}

/** The partner's proof; nonce 0: there is none. */
export interface SignedProof {
  readonly transferred: bigint;
  readonly locksroot: Uint8Array;
  readonly nonce: number;
  readonly additional: Uint8Array;
  readonly signature: Uint8Array;
  /** 33 octets: whose. */
  readonly signer: Uint8Array;
  /** The digest that is signed, from which the adapter recovers the signer's address. */
  readonly digest: Uint8Array;
}

export type ChannelsInput =
  | PayCommand
  | SwapCommand
  /** The payee of a held payment may have the secret now. */
  | { readonly type: 'allow'; readonly hash: Uint8Array }
  /** A held payment is called off, if the payee has no secret yet. */
  | { readonly type: 'cancel'; readonly hash: Uint8Array }
  | { readonly type: 'settle'; readonly channel: string; readonly token: number }
  | { readonly type: 'withdraw'; readonly channel: string; readonly token: number; readonly amount: bigint }
  /** `force`: also while the peer may hold newer proofs than we do. */
  | { readonly type: 'close'; readonly channel: string; readonly token: number; readonly force?: boolean }
  | { readonly type: 'message'; readonly from: Uint8Array; readonly payload: Uint8Array }
  | { readonly type: 'signed'; readonly job: number; readonly signature: Uint8Array }
  | { readonly type: 'verified'; readonly job: number; readonly valid: boolean }
  | { readonly type: 'shared'; readonly job: number; readonly secret: Uint8Array | undefined }
  | { readonly type: 'stored'; readonly job: number }
  /** Trusted wall time, s since 1970. */
  | { readonly type: 'clock'; readonly wall: number }
  /** Everything new of the chain up to a finalised header, in any order. */
  | { readonly type: 'chain'; readonly events: readonly ChainEvent[]; readonly height: number; readonly time: number }
  | { readonly type: 'tick' };

export type ChannelsEffect =
  | { readonly type: 'sign'; readonly job: number; readonly digest: Uint8Array }
  | { readonly type: 'verify'; readonly job: number; readonly digest: Uint8Array; readonly signature: Uint8Array; readonly key: Uint8Array }
  | { readonly type: 'ecdh'; readonly job: number; readonly peer: Uint8Array }
  /** All or nothing; answered by `stored` when it survives a kill, in the order of the effects. */
  | { readonly type: 'store'; readonly job: number; readonly records: readonly StoreRecord[]; readonly facts: readonly Fact[] }
  | { readonly type: 'send'; readonly to: Uint8Array; readonly payload: Uint8Array }
  | { readonly type: 'submit'; readonly transaction: Transaction }
  | { readonly type: 'outcome'; readonly token: number; readonly outcome: Outcome; readonly id: string; readonly reason?: string }
  /** Something that a peer should not have sent, or that we do not take now: counted, never answered by an exception. */
  | { readonly type: 'refused'; readonly from: Uint8Array; readonly reason: string };

/** `pending`: on its way, an answer may take days; `paid`: the payee, or for a direct payment its node, has it. */
export type Outcome = 'pending' | 'paid' | 'failed' | 'refused';
