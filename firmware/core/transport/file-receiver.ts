/**
 * The receiving side of files.
 *
 *   asking --accept--> receiving --last block stored--> verifying --fits--> complete
 *   asking --have--> complete        asking --refuse--> refused           --misfit--> receiving anew, once; then refused
 *
 * Only the host knows what is on disk: it is asked at the first offer after a start, so a restart costs the blocks in flight. A sender that changes
 * what it says of a file (octets, block size) begins anew.
 */
import { ByteWriter, sameOctets } from '../base/index.js';
import { encodeFileAnswer, FILE_ANSWER_MAX, type FileBlock, type FileOffer } from '../wire/index.js';
import { sameAddress, type Address } from './address.js';
import { BlockMap, BLOCKS_MAX } from './block-map.js';
import type { EmitFileEffect, Offered } from './file-inputs.js';

/** A file whose hash does not fit is fetched once more, whole; a second misfit is the sender's fault. */
const ATTEMPTS = 2;

interface Incoming {
  readonly from: Address;
  readonly offer: FileOffer;
  readonly map: BlockMap;
  /** Blocks that the host is making durable. */
  storing: readonly number[];
  state: 'asking' | 'receiving' | 'verifying' | 'complete' | 'refused';
  attempts: number;
}

const EVERYTHING = new Uint8Array(0);

export class FileReceiver {
  readonly #transfers: number;
  readonly #emit: EmitFileEffect;
  readonly #send: (to: Address, payload: Uint8Array) => void;
  readonly #writer = new ByteWriter(new Uint8Array(FILE_ANSWER_MAX));
  /** Oldest first; the oldest that no longer moves makes room. */
  #incoming: readonly Incoming[] = [];

  constructor(transfers: number, emit: EmitFileEffect, send: (to: Address, payload: Uint8Array) => void) {
    this.#transfers = transfers;
    this.#emit = emit;
    this.#send = send;
  }

  /** (none) -> asking; otherwise says again where it stands. */
  offer(from: Address, offer: FileOffer): void {
    const known = this.#find(from, offer.sha256);
    if (known !== undefined && known.offer.octets === offer.octets && known.offer.blockOctets === offer.blockOctets)
      return this.#answer(known);
    if (known !== undefined) this.#forget(known);
    // The octets of an offer are views into a frame: what is kept is copied.
    const incoming = this.#add(from, { ...offer, sha256: offer.sha256.slice() });
    if (incoming !== undefined) this.#ask(incoming);
  }

  /** (none) -> receiving: blocks that are still on their way count again. A file that is known already stays as it is. */
  resume(offered: Offered, missing: Uint8Array): void {
    const { from, sha256, octets, blockOctets, name, mediaType } = offered;
    const offer: FileOffer = { kind: 'file-offer', sha256: sha256.slice(), octets, blockOctets, name, mediaType };
    if (this.#find(from, sha256) === undefined && this.#add(from, offer) !== undefined) this.accept(from, sha256, missing);
  }

  /** asking -> receiving; asking -> verifying when every block is on disk. */
  accept(from: Address, sha256: Uint8Array, missing: Uint8Array | undefined): void {
    const incoming = this.#find(from, sha256);
    if (incoming?.state !== 'asking') return;
    incoming.state = 'receiving';
    if (missing !== undefined) incoming.map.load(missing);
    if (incoming.map.missing === 0) this.#verify(incoming);
    else this.#answer(incoming);
  }

  /** asking -> complete */
  have(from: Address, sha256: Uint8Array): void {
    this.#settle(from, sha256, 'complete');
  }

  /** asking -> refused */
  refuse(from: Address, sha256: Uint8Array): void {
    this.#settle(from, sha256, 'refused');
  }

  block(from: Address, { sha256, block, bytes }: FileBlock): void {
    const incoming = this.#find(from, sha256);
    if (incoming?.state !== 'receiving') return;
    const { map, offer } = incoming;
    if (block >= map.blocks || !map.isMissing(block) || incoming.storing.includes(block)) return;
    const at = block * offer.blockOctets;
    if (bytes.length !== Math.min(offer.blockOctets, offer.octets - at)) return;
    incoming.storing = [...incoming.storing, block];
    this.#emit({ type: 'store-block', from, sha256: offer.sha256, block, at, bytes });
  }

  /** receiving -> verifying, with the last block. */
  stored(from: Address, sha256: Uint8Array, block: number): void {
    const incoming = this.#find(from, sha256);
    if (incoming?.state !== 'receiving' || !incoming.storing.includes(block)) return;
    const { map, offer } = incoming;
    incoming.storing = incoming.storing.filter((each) => each !== block);
    map.clear(block);
    this.#emit({ type: 'progress', direction: 'in', peer: from, sha256: offer.sha256, done: map.blocks - map.missing, total: map.blocks });
    if (map.missing === 0) this.#verify(incoming);
  }

  /** verifying -> complete, receiving or refused */
  verified(from: Address, sha256: Uint8Array, fits: boolean): void {
    const incoming = this.#find(from, sha256);
    if (incoming?.state !== 'verifying') return;
    incoming.attempts += 1;
    if (!fits && incoming.attempts < ATTEMPTS) {
      incoming.map.fill();
      incoming.state = 'receiving';
    } else {
      incoming.state = fits ? 'complete' : 'refused';
      this.#emit({ type: 'done', direction: 'in', peer: from, sha256: incoming.offer.sha256, outcome: fits ? 'complete' : 'corrupt' });
    }
    this.#answer(incoming);
  }

  /** Undefined: refused for its form, or there is no room for now and it will be offered again. */
  #add(from: Address, offer: FileOffer): Incoming | undefined {
    const blocks = offer.blockOctets === 0 ? 0 : Math.ceil(offer.octets / offer.blockOctets);
    if (blocks < 1 || blocks > BLOCKS_MAX) {
      this.#say(from, offer.sha256, false, EVERYTHING);
      return undefined;
    }
    if (this.#incoming.length === this.#transfers && !this.#makeRoom()) return undefined;
    const incoming: Incoming = { from, offer, map: new BlockMap(blocks), storing: [], state: 'asking', attempts: 0 };
    this.#incoming = [...this.#incoming, incoming];
    return incoming;
  }

  #verify(incoming: Incoming): void {
    incoming.state = 'verifying';
    this.#emit({ type: 'verify', from: incoming.from, sha256: incoming.offer.sha256 });
  }

  #settle(from: Address, sha256: Uint8Array, state: 'complete' | 'refused'): void {
    const incoming = this.#find(from, sha256);
    if (incoming?.state !== 'asking') return;
    incoming.state = state;
    this.#answer(incoming);
  }

  #ask({ from, offer }: Incoming): void {
    const { sha256, octets, blockOctets, name, mediaType } = offer;
    this.#emit({ type: 'offered', from, sha256, octets, blockOctets, name, mediaType });
  }

  #answer(incoming: Incoming): void {
    const { from, offer, map } = incoming;
    switch (incoming.state) {
      case 'asking':
        return this.#ask(incoming);
      case 'receiving':
        return this.#say(from, offer.sha256, true, map.missing === map.blocks ? EVERYTHING : map.bits);
      case 'verifying':
        return; // said when it is known
      case 'complete':
        return this.#say(from, offer.sha256, true, new Uint8Array(map.bits.length));
      case 'refused':
        return this.#say(from, offer.sha256, false, EVERYTHING);
    }
  }

  #say(to: Address, sha256: Uint8Array, wanted: boolean, missing: Uint8Array): void {
    this.#writer.at = 0;
    encodeFileAnswer(this.#writer, { kind: 'file-answer', sha256, wanted, missing });
    this.#send(to, this.#writer.written().slice());
  }

  #find(from: Address, sha256: Uint8Array): Incoming | undefined {
    return this.#incoming.find((incoming) => sameOctets(incoming.offer.sha256, 0, sha256, 0, 32) && sameAddress(incoming.from, from));
  }

  #forget(incoming: Incoming): void {
    this.#incoming = this.#incoming.filter((each) => each !== incoming);
  }

  #makeRoom(): boolean {
    const settled = this.#incoming.find(({ state }) => state === 'complete' || state === 'refused');
    if (settled !== undefined) this.#forget(settled);
    return settled !== undefined;
  }
}
