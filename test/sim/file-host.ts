/** The host of one node of a mesh in tests: sends and receives files, its octets in memory, and outlives the node. */
import { createHash } from 'node:crypto';
import { micros, millis, sameOctets } from '../../firmware/core/base/index.js';
import type { NodeEffect } from '../../firmware/core/node/index.js';
import { FileTransfer, type FileEffect, type FileInput, type Offered } from '../../firmware/core/transport/index.js';
import type { NodeMesh } from '../../hosts/sim/node-mesh.js';

export class FileHost {
  readonly #mesh: NodeMesh;
  readonly #board: number;
  #files = new FileTransfer({ firstToken: 1 });
  /** What is offered, or what has arrived: only blocks that were stored are not zero. */
  octets: Uint8Array = new Uint8Array();
  blocks = 0;
  offered: Offered | undefined;
  outcome: string | undefined;
  #missing = new Uint8Array();

  constructor(mesh: NodeMesh, board: number) {
    this.#mesh = mesh;
    this.#board = board;
  }

  offer(to: number, octets: Uint8Array): void {
    this.octets = octets;
    const sha256 = createHash('sha256').update(octets).digest();
    const node = this.#mesh.ids[to]!;
    this.feed({
      type: 'offer',
      token: 0,
      to: { node },
      sha256,
      octets: octets.length,
      name: 'a file',
      mediaType: 'application/octet-stream',
    });
  }

  /** The host's process starts anew beside its node: it knows only what it has stored. */
  restart(): void {
    this.#files = new FileTransfer({ firstToken: 1 });
    if (this.offered !== undefined) this.feed({ ...this.offered, type: 'resume', missing: this.#missing });
  }

  onEffect(effect: NodeEffect): void {
    if (effect.type === 'message') this.feed({ type: 'message', from: effect.from, payload: effect.payload });
    if (effect.type === 'outcome') this.feed({ type: 'outcome', token: effect.token, outcome: effect.outcome });
  }

  feed(input: FileInput): void {
    const { world } = this.#mesh;
    const files = this.#files;
    files.handle(millis(Math.floor(world.now / 1000)), input);
    for (let effect = files.poll(); effect !== undefined; effect = files.poll()) this.#perform(effect);
    world.at(micros(files.deadline() * 1000), () => {
      if (files === this.#files && files.deadline() * 1000 <= world.now) this.feed({ type: 'tick' });
    });
  }

  #perform(effect: FileEffect): void {
    const { world } = this.#mesh;
    switch (effect.type) {
      case 'send': {
        const { token, to, payload } = effect;
        if (world.isOn(this.#board)) this.#mesh.command(this.#board, { type: 'send', token, to, class: 'free', payload });
        return;
      }
      case 'want-block': {
        const bytes = this.octets.subarray(effect.at, effect.at + effect.octets);
        return this.feed({ type: 'block', token: effect.token, block: effect.block, bytes });
      }
      case 'offered':
        if (this.offered !== undefined && sameOctets(this.offered.sha256, 0, effect.sha256, 0, 32))
          return this.feed({ type: 'accept', from: effect.from, sha256: effect.sha256, missing: this.#missing });
        this.offered = effect;
        this.octets = new Uint8Array(effect.octets);
        this.#missing = new Uint8Array((Math.ceil(effect.octets / effect.blockOctets) + 7) >> 3).fill(0xff);
        return this.feed({ type: 'accept', from: effect.from, sha256: effect.sha256 });
      case 'store-block':
        this.octets.set(effect.bytes, effect.at);
        this.#missing[effect.block >> 3]! &= ~(0x80 >> (effect.block & 7));
        this.blocks += 1;
        return this.feed({ type: 'stored', from: effect.from, sha256: effect.sha256, block: effect.block });
      case 'verify': {
        const fits = sameOctets(createHash('sha256').update(this.octets).digest(), 0, effect.sha256, 0, 32);
        return this.feed({ type: 'verified', from: effect.from, sha256: effect.sha256, fits });
      }
      case 'done':
        this.outcome = effect.outcome;
        return;
      case 'progress':
        return;
    }
  }
}
