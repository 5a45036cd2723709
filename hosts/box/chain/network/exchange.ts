/**
 * What boxes of one chain tell each other, over any carrier: gossip of blocks, attestations and transactions, and two questions.
 *
 *   status   [genesis, final number, head number, head hash, certificate of its newest justified block]
 *   blocks   [wanted hash, known hashes: newest first]  ->  blocks that follow the newest known one towards the wanted one, oldest first
 *
 * A peer that sends what does not hold loses points; without points it is let go for a while.
 */
import { RLP } from '@ethereumjs/rlp';
import { ByteWriter, hex } from '../../../../firmware/core/base/index.js';
import { ATTESTATION_MAX, decodeAttestation, decodeCertificate, encodeAttestation } from '../../../../firmware/core/wire/index.js';
import { messageOf } from '../../../node/index.js';
import type { Chain } from '../chain.js';
import { certificateOctets, decodeBlock, encodeBlock, BLOCK_MAX } from '../consensus/index.js';

export const topics = ['block', 'attestation', 'transaction'] as const;
export type Topic = (typeof topics)[number];
export type Question = 'status' | 'blocks';

export interface Carrier {
  gossip(topic: Topic, octets: Uint8Array): void;
  /** Fails if the peer is gone or does not answer in time. */
  ask(peer: string, question: Question, octets: Uint8Array): Promise<Uint8Array>;
  /** Closes the connection and refuses the peer for a while. */
  drop(peer: string, reason: string): void;
}

export interface PeerStatus {
  readonly head: number;
  readonly final: number;
}

/** Octets of blocks in one answer: at 1 Mbit/s half a minute. */
const ANSWER_OCTETS = 4 * 2 ** 20;
const ANSWER_BLOCKS = 64;
/** A peer begins with so many points and loses some for each fault: five bad blocks, or a hundred bad transactions. */
const POINTS = 100;
const BAD_BLOCK = 20;
const BAD_TRANSACTION = 1;
/** Hashes by which two boxes find where they part: the newest ten, then twice as far each time. */
const NEAR = 10;
/** Slots between two looks at what a peer has: gossip that was lost is found again. */
const LOOK_SLOTS = 4;

export class Exchange {
  readonly #chain: Chain;
  readonly #carrier: Carrier;
  readonly #points = new Map<string, number>();
  readonly #peers = new Map<string, PeerStatus | undefined>();
  /** Peers that are being asked for blocks. */
  readonly #fetching = new Set<string>();
  readonly #log: (line: string) => void;
  readonly #unlisten: () => void;
  #slots = 0;

  constructor(chain: Chain, carrier: Carrier, log: (line: string) => void) {
    this.#chain = chain;
    this.#carrier = carrier;
    this.#log = log;
    this.#unlisten = chain.listen({
      block: (block) => carrier.gossip('block', encodeBlock(block)),
      attestation(attestation) {
        const w = new ByteWriter(new Uint8Array(ATTESTATION_MAX));
        encodeAttestation(w, attestation);
        carrier.gossip('attestation', w.written());
      },
      transaction: (transaction) => carrier.gossip('transaction', transaction.serialize()),
      want: (hash, from) => void this.#fetch(from, hash),
      penalise: (from, reason) => this.#fault(from, BAD_BLOCK, reason),
      head: () => void this.#look(),
    });
  }

  stop(): void {
    this.#unlisten();
  }

  peers(): ReadonlyMap<string, PeerStatus | undefined> {
    return this.#peers;
  }

  /** A peer is there: compare. */
  async joined(peer: string): Promise<void> {
    this.#peers.set(peer, this.#peers.get(peer));
    await this.#compare(peer);
  }

  left(peer: string): void {
    this.#peers.delete(peer);
    this.#fetching.delete(peer);
  }

  /** False: it is not to be handed on. */
  heard(topic: Topic, octets: Uint8Array, from: string): boolean {
    if (topic === 'block') {
      const block = decodeBlock(octets);
      if (typeof block === 'string') return this.#fault(from, BAD_BLOCK, block);
      this.#chain.feed({ type: 'block', block, from, live: true });
    } else if (topic === 'attestation') {
      const attestation = decodeAttestation(octets, 0, octets.length);
      if (typeof attestation === 'number') return this.#fault(from, BAD_BLOCK, 'an attestation cannot be read');
      this.#chain.feed({ type: 'attestation', attestation, from });
    } else {
      // A transaction that is too late or too cheap here is nobody's fault; one that cannot be read is.
      this.#chain
        .submit(octets)
        .catch((error: unknown) => messageOf(error).includes('cannot be read') && this.#fault(from, BAD_TRANSACTION, messageOf(error)));
    }
    return true;
  }

  #fault(peer: string, points: number, reason: string): false {
    const left = (this.#points.get(peer) ?? POINTS) - points;
    this.#points.set(peer, left);
    if (left > 0) return false;
    this.#points.delete(peer);
    this.#log(`chain: peer ${peer} is let go: ${reason}`);
    this.#carrier.drop(peer, reason);
    return false;
  }

  /** The answer to a peer's question; undefined if it cannot be read. */
  answer(question: Question, octets: Uint8Array): Uint8Array | undefined {
    return question === 'status' ? this.#status() : this.#blocks(octets);
  }

  #status(): Uint8Array {
    const { genesis, final, head } = this.#chain;
    const { certificate } = head.justified;
    return RLP.encode([
      genesis,
      final.header.number,
      head.header.number,
      head.hash,
      certificate ? certificateOctets(certificate) : new Uint8Array(0),
    ]);
  }

  #blocks(octets: Uint8Array): Uint8Array | undefined {
    const question = decoded(octets);
    if (!question) return undefined;
    const [wanted, known] = question as [Uint8Array, Uint8Array[]];
    if (!(wanted instanceof Uint8Array) || !Array.isArray(known) || known.length > 64) return undefined;
    const end = this.#chain.stored(wanted)?.block.header;
    if (!end) return RLP.encode([]);
    const isCanonical = (hash: Uint8Array, number: number): boolean => hex(this.#chain.canonical(number) ?? Uint8Array.of()) === hex(hash);
    const path: Uint8Array[] = [];
    let size = 0;
    const take = (block: Uint8Array): boolean => {
      path.push(block);
      size += block.length;
      return path.length < ANSWER_BLOCKS && size < ANSWER_OCTETS;
    };
    if (isCanonical(wanted, end.number)) {
      const from = known
        .map((hash) => this.#chain.stored(hash)?.block.header)
        .findIndex((header, i) => header && isCanonical(known[i]!, header.number));
      const number = from < 0 ? 0 : this.#chain.stored(known[from]!)!.block.header.number;
      for (let at = number + 1; at <= end.number; at += 1) if (!take(this.#chain.stored(this.#chain.canonical(at)!)!.octets)) break;
      return RLP.encode(path);
    }
    // A branch that lost here: back to the canonical chain.
    const names = new Set(known.map(hex));
    const branch: Uint8Array[] = [];
    for (let hash = wanted; !names.has(hex(hash));) {
      const stored = this.#chain.stored(hash);
      if (!stored || stored.block.header.number === 0 || (branch.length > 0 && isCanonical(hash, stored.block.header.number))) break;
      branch.unshift(stored.octets);
      hash = stored.block.header.parent;
    }
    for (const block of branch) if (!take(block)) break;
    return RLP.encode(path);
  }

  async #compare(peer: string): Promise<void> {
    try {
      const answer = decoded(await this.#carrier.ask(peer, 'status', new Uint8Array(0)));
      if (!answer || answer.length !== 5 || !answer.every((part) => part instanceof Uint8Array))
        return void this.#fault(peer, BAD_BLOCK, 'its status cannot be read');
      const [genesis, final, number, head, certificate] = answer as Uint8Array[];
      if (hex(genesis!) !== hex(this.#chain.genesis)) return this.#carrier.drop(peer, 'it is of another chain');
      this.#peers.set(peer, { final: integer(final!), head: integer(number!) });
      if (!this.#chain.consensus.tree.get(head!) && integer(number!) > this.#chain.final.header.number) await this.#fetch(peer, head!);
      if (certificate!.length === 0) return;
      const proof = decodeCertificate(certificate!, 0, certificate!.length);
      if (typeof proof === 'number') this.#fault(peer, BAD_BLOCK, 'its certificate cannot be read');
      else this.#chain.feed({ type: 'certificate', certificate: proof, from: peer });
    } catch (error) {
      this.#log(`chain: peer ${peer} did not answer: ${messageOf(error)}`);
    }
  }

  /** Asks for everything between what we have and the wanted block. */
  async #fetch(peer: string, wanted: Uint8Array): Promise<void> {
    if (this.#fetching.has(peer)) return;
    this.#fetching.add(peer);
    try {
      let known = this.#known();
      for (;;) {
        const answer = decoded(await this.#carrier.ask(peer, 'blocks', RLP.encode([wanted, known])));
        if (!answer) return void this.#fault(peer, BAD_BLOCK, 'its answer cannot be read');
        let last: Uint8Array | undefined;
        for (const octets of answer) {
          const block = octets instanceof Uint8Array ? decodeBlock(octets) : 'it is no block';
          if (typeof block === 'string') return void this.#fault(peer, BAD_BLOCK, block);
          this.#chain.feed({ type: 'block', block, from: peer, live: false });
          last = this.#chain.hashOf(block.header);
        }
        await this.#chain.settled();
        if (!last || hex(last) === hex(wanted) || !this.#chain.stored(last)) return;
        known = [last];
      }
    } catch (error) {
      this.#log(`chain: peer ${peer} did not answer: ${messageOf(error)}`);
    } finally {
      this.#fetching.delete(peer);
    }
  }

  #known(): Uint8Array[] {
    const hashes: Uint8Array[] = [];
    let number = this.#chain.head.header.number;
    for (let step = 1, i = 0; number > 0; i += 1) {
      const hash = this.#chain.canonical(number);
      if (hash) hashes.push(hash);
      if (number <= this.#chain.final.header.number) break;
      if (i >= NEAR) step *= 2;
      number = Math.max(number - step, this.#chain.final.header.number);
    }
    return hashes;
  }

  async #look(): Promise<void> {
    this.#slots += 1;
    if (this.#slots % LOOK_SLOTS !== 0) return;
    const peers = [...this.#peers.keys()];
    const peer = peers[(this.#slots / LOOK_SLOTS) % peers.length];
    if (peer !== undefined && !this.#fetching.has(peer)) await this.#compare(peer);
  }
}

type Nested = Uint8Array | Nested[];

function decoded(octets: Uint8Array): Nested[] | undefined {
  if (octets.length > ANSWER_OCTETS + BLOCK_MAX) return undefined;
  try {
    const value = RLP.decode(octets) as Nested;
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function integer(octets: Uint8Array): number {
  return octets.length > 6 ? 0 : Number(`0x0${hex(octets)}`);
}
