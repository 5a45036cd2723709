/** What goes into the consensus machine and what comes out of it. Signing, proving, running blocks and storing are split: the answer comes back as an input. */
import type { Attestation, Certificate, OuterHeader } from '../../../../firmware/core/wire/index.js';
import type { ChainBlock, Evidence } from './block.js';
import type { Reign } from './reign.js';
import type { TreeNode } from './tree.js';

/** Who sent something, for penalties and questions. */
export type Peer = string;

export type Input =
  | { readonly type: 'tick' }
  /** live: gossip of a fresh block, not an answer to a question. */
  | { readonly type: 'block'; readonly block: ChainBlock; readonly from?: Peer; readonly live: boolean }
  | { readonly type: 'attestation'; readonly attestation: Attestation; readonly from?: Peer }
  | { readonly type: 'certificate'; readonly certificate: Certificate; readonly from?: Peer }
  /** From disk: checked before it was stored, parents before children. */
  | { readonly type: 'restored'; readonly block: Pick<ChainBlock, 'header' | 'certificate'>; readonly reign: Reign }
  /** From disk: it was final. */
  | { readonly type: 'restored-final'; readonly hash: Uint8Array }
  | { readonly type: 'executed'; readonly hash: Uint8Array }
  | { readonly type: 'refused'; readonly hash: Uint8Array; readonly reason: string }
  | { readonly type: 'kept'; readonly hash: Uint8Array }
  | { readonly type: 'proved'; readonly proof: Uint8Array }
  | ({ readonly type: 'built' } & Built)
  /** Nothing to include, and the chain may rest; or the block could not be built. */
  | { readonly type: 'rested' }
  | { readonly type: 'signed'; readonly what: 'block' | 'vote'; readonly signature: Uint8Array }
  | { readonly type: 'guarded'; readonly what: 'block' | 'vote' };

export interface Built extends Pick<OuterHeader, 'payload' | 'state' | 'receipts'> {
  /** RLP of the payload. */
  readonly octets: Uint8Array;
}

/** What this box has signed and must never contradict: on disk before a signature leaves. */
export interface Guard {
  /** Time of the last header that it sealed. */
  readonly proposed: number;
  readonly sourceNumber: number;
  readonly targetNumber: number;
}

export type Effect =
  /** Run the block on its parent; answer `executed` or `refused`. */
  | {
      readonly type: 'execute';
      readonly hash: Uint8Array;
      readonly block: ChainBlock;
      readonly parent: TreeNode;
      readonly random: Uint8Array;
      readonly payee: Uint8Array;
    }
  /** Store what was executed; answer `kept`. */
  | { readonly type: 'keep'; readonly hash: Uint8Array; readonly block: ChainBlock; readonly reign: Reign }
  | { readonly type: 'prove'; readonly input: Uint8Array }
  /** Make a payload; answer `built` or `rested`. mayRest: an empty one is not needed. */
  | {
      readonly type: 'build';
      readonly parent: TreeNode;
      readonly time: number;
      readonly random: Uint8Array;
      readonly payee: Uint8Array;
      readonly mayRest: boolean;
    }
  | { readonly type: 'sign'; readonly what: 'block' | 'vote'; readonly digest: Uint8Array }
  /** Make the guard durable, with the block if there is one; answer `guarded`. */
  | {
      readonly type: 'guard';
      readonly what: 'block' | 'vote';
      readonly guard: Guard;
      readonly block?: ChainBlock;
      readonly hash?: Uint8Array;
      readonly reign?: Reign;
    }
  | { readonly type: 'announce-block'; readonly block: ChainBlock; readonly hash: Uint8Array }
  | { readonly type: 'announce-attestation'; readonly attestation: Attestation }
  /** The canonical chain changed: `left` newest first, `entered` oldest first. */
  | { readonly type: 'head'; readonly head: TreeNode; readonly left: readonly TreeNode[]; readonly entered: readonly TreeNode[] }
  /** `node` and all before it can never be undone; `child` is what was attested with it. */
  | { readonly type: 'final'; readonly node: TreeNode; readonly certificate: Certificate }
  /** The block's parent is not known here: ask. */
  | { readonly type: 'want'; readonly hash: Uint8Array; readonly from: Peer }
  | { readonly type: 'penalise'; readonly from: Peer; readonly reason: string }
  | { readonly type: 'invalid'; readonly hash: Uint8Array; readonly reason: string }
  | { readonly type: 'equivocation'; readonly key: Uint8Array; readonly evidence: Evidence }
  /** Our clock is wrong by so many seconds (negative: behind), and this box has stopped producing; 0: it agrees again. */
  | { readonly type: 'clock'; readonly seconds: number };
