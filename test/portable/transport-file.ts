/** Files over messages that get lost, with ends that restart. The message layer here is a queue in virtual time; the disk is a byte array. */
import { millis, NEVER, Prng, type Millis } from '../../firmware/core/base/index.js';
import { FileTransfer, type Address, type FileEffect } from '../../firmware/core/transport/index.js';
import { check, equal, same, suite, throws } from './harness.js';

const SENDER: Address = { node: new Uint8Array(8).fill(1), leaf: new Uint8Array(8).fill(3) };
const BOX: Address = { node: new Uint8Array(8).fill(2) };
const BLOCK = 256;
const SHA = new Uint8Array(32).fill(9);

class Pair {
  now: Millis = millis(0);
  /** Share of messages lost, in 1/256. */
  loss = 0;
  readonly prng: Prng;
  readonly file: Uint8Array;
  disk: Uint8Array;
  stored: boolean[];
  sender = this.#machine();
  box = this.#machine();
  readonly done: string[] = [];
  /** Blocks that crossed. */
  blocks = 0;
  /** What the disk's hash check answers. */
  fits = true;
  wanted = true;
  readonly queue: { at: number; run: () => void }[] = [];

  constructor(octets: number, seed: number) {
    this.prng = new Prng(new Uint8Array(16).fill(seed));
    this.file = new Uint8Array(octets);
    for (let i = 0; i < octets; i += 1) this.file[i] = this.prng.below(256);
    this.disk = new Uint8Array(octets);
    this.stored = new Array<boolean>(Math.ceil(octets / BLOCK)).fill(false);
  }

  #machine(): FileTransfer {
    return new FileTransfer({ firstToken: 1000, blockOctets: BLOCK });
  }

  offer(): void {
    this.sender.handle(this.now, {
      type: 'offer',
      token: 1,
      to: BOX,
      sha256: SHA,
      octets: this.file.length,
      name: 'beach.jpg',
      mediaType: 'image/jpeg',
    });
    this.#drain(this.sender);
  }

  restartSender(): void {
    this.sender = this.#machine();
    this.offer();
  }

  restartBox(): void {
    this.box = this.#machine();
    const file = { from: SENDER, sha256: SHA, octets: this.file.length, blockOctets: BLOCK, name: 'beach.jpg', mediaType: 'image/jpeg' };
    this.#feed(this.box, { type: 'resume', ...file, missing: this.#missing() });
  }

  /** Runs until something is done or the time is up. */
  run(until: number, stop: () => boolean = () => this.done.length > 0): void {
    while (!stop()) {
      this.queue.sort((a, b) => a.at - b.at);
      const next = this.queue[0]?.at ?? NEVER;
      const at = Math.min(next, this.sender.deadline());
      if (at > until) return;
      this.now = millis(Math.max(this.now, at));
      if (next <= at) this.queue.shift()!.run();
      else {
        this.sender.handle(this.now, { type: 'tick' });
        this.#drain(this.sender);
      }
    }
  }

  #drain(machine: FileTransfer): void {
    for (let effect = machine.poll(); effect !== undefined; effect = machine.poll()) this.#carry(machine, effect);
  }

  #feed(machine: FileTransfer, input: Parameters<FileTransfer['handle']>[1]): void {
    if (machine !== this.sender && machine !== this.box) return; // it has restarted since
    machine.handle(this.now, input);
    this.#drain(machine);
  }

  #carry(machine: FileTransfer, effect: FileEffect): void {
    const after = (delay: number, run: () => void): void => void this.queue.push({ at: this.now + delay, run });
    const fromSender = machine === this.sender;
    switch (effect.type) {
      case 'send': {
        const lost = this.prng.below(256) < this.loss;
        if (!lost)
          after(20 + this.prng.below(30), () =>
            this.#feed(fromSender ? this.box : this.sender, { type: 'message', from: fromSender ? SENDER : BOX, payload: effect.payload }),
          );
        after(60, () => this.#feed(machine, { type: 'outcome', token: effect.token, outcome: lost ? 'unknown' : 'delivered' }));
        break;
      }
      case 'want-block':
        this.blocks += 1;
        after(1, () =>
          this.#feed(machine, {
            type: 'block',
            token: effect.token,
            block: effect.block,
            bytes: this.file.slice(effect.at, effect.at + effect.octets),
          }),
        );
        break;
      case 'offered':
        if (!this.wanted) after(1, () => this.#feed(machine, { type: 'refuse', from: effect.from, sha256: effect.sha256 }));
        else after(1, () => this.#feed(machine, { type: 'accept', from: effect.from, sha256: effect.sha256, missing: this.#missing() }));
        break;
      case 'store-block':
        after(2, () => {
          this.disk.set(effect.bytes, effect.at);
          this.stored[effect.block] = true;
          this.#feed(machine, { type: 'stored', from: effect.from, sha256: effect.sha256, block: effect.block });
        });
        break;
      case 'verify':
        after(5, () => {
          const fits = this.fits;
          if (!fits) this.stored.fill(false);
          this.#feed(machine, { type: 'verified', from: effect.from, sha256: effect.sha256, fits });
        });
        break;
      case 'done':
        this.done.push(`${effect.direction} ${effect.outcome}`);
        break;
      case 'progress':
        check(effect.done <= effect.total, `progress ${effect.done} of ${effect.total}`);
        break;
    }
  }

  #missing(): Uint8Array {
    const bits = new Uint8Array((this.stored.length + 7) >> 3);
    this.stored.forEach((stored, block) => {
      if (!stored) bits[block >> 3]! |= 0x80 >> (block & 7);
    });
    return bits;
  }
}

const MINUTES = 60_000;

suite('transport: files', (t) => {
  t.test('a file of every awkward size arrives octet for octet', () => {
    for (const octets of [1, BLOCK - 1, BLOCK, BLOCK + 1, 8 * BLOCK, 8 * BLOCK + 1, 5000]) {
      const pair = new Pair(octets, 1);
      pair.offer();
      pair.run(5 * MINUTES, () => pair.done.length === 2);
      equal(pair.done.join(', '), 'in complete, out complete', `${octets} octets:`);
      same(pair.disk, pair.file);
      equal(pair.blocks, Math.ceil(octets / BLOCK), 'blocks sent');
    }
  });

  t.test('a third of the messages lost, ten seeds', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const pair = new Pair(6000, seed);
      pair.loss = 85;
      pair.offer();
      pair.run(600 * MINUTES, () => pair.done.includes('out complete'));
      check(pair.done.includes('out complete'), `seed ${seed} did not end: ${pair.done.join(', ')}`);
      same(pair.disk, pair.file, `seed ${seed}`);
    }
  });

  t.test('a receiver that restarts resumes from its disk', () => {
    const pair = new Pair(40 * BLOCK, 2);
    pair.offer();
    pair.run(60 * MINUTES, () => pair.stored.filter((stored) => stored).length === 20);
    const before = pair.blocks;
    pair.restartBox();
    pair.run(60 * MINUTES, () => pair.done.includes('out complete'));
    same(pair.disk, pair.file);
    check(pair.blocks - before <= 24, `${pair.blocks - before} blocks after the restart instead of about 20`);
  });

  t.test('a sender that restarts resumes where the receiver stands', () => {
    const pair = new Pair(40 * BLOCK, 3);
    pair.offer();
    pair.run(60 * MINUTES, () => pair.stored.filter((stored) => stored).length === 30);
    const before = pair.blocks;
    pair.restartSender();
    pair.run(60 * MINUTES, () => pair.done.includes('out complete'));
    same(pair.disk, pair.file);
    check(pair.blocks - before <= 14, `${pair.blocks - before} blocks after the restart instead of about 10`);
  });

  t.test('a peer that is away for an hour is offered the file still', () => {
    const pair = new Pair(3000, 4);
    pair.loss = 256;
    pair.offer();
    pair.run(60 * MINUTES);
    equal(pair.done.length, 0);
    pair.loss = 0;
    pair.run(120 * MINUTES, () => pair.done.includes('out complete'));
    same(pair.disk, pair.file);
  });

  t.test('a refusal reaches the sender', () => {
    const pair = new Pair(3000, 5);
    pair.wanted = false;
    pair.offer();
    pair.run(MINUTES);
    equal(pair.done.join(', '), 'out refused');
    equal(pair.blocks, 0);
  });

  t.test('octets that do not fit the hash are fetched once more and then refused', () => {
    const pair = new Pair(3000, 6);
    pair.fits = false;
    pair.offer();
    pair.run(60 * MINUTES, () => pair.done.length === 2);
    equal(pair.done.join(', '), 'in corrupt, out refused');
    equal(pair.blocks, 2 * Math.ceil(3000 / BLOCK), 'blocks');
  });

  t.test('misuse is named', () => {
    const pair = new Pair(1, 7);
    const offer = { type: 'offer', token: 1, to: BOX, sha256: SHA, octets: 0, name: 'a', mediaType: 'b/c' } as const;
    throws(() => pair.sender.handle(millis(0), offer), 'file-size');
    throws(() => pair.sender.handle(millis(0), { ...offer, octets: 8192 * BLOCK + 1 }), 'file-size');
    for (let token = 1; token <= 8; token += 1) pair.sender.handle(millis(0), { ...offer, token, octets: 10 });
    throws(() => pair.sender.handle(millis(0), { ...offer, token: 9, octets: 10 }), 'file-offers');
  });
});
