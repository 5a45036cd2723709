/** Files of the box over a mesh made of paper: quota, misfits, the same file from two peers, stalling. Time is the test's own. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, mock, test } from 'node:test';
import { ByteWriter, millis, NEVER } from '../../firmware/core/base/index.js';
import type { Address } from '../../firmware/core/transport/index.js';
import {
  decodeMessage,
  encodeMessage,
  MESSAGE_MAX,
  type FileAnswer,
  type FileOffer,
  type Message,
} from '../../firmware/core/wire/index.js';
import type { FileInfo } from '../../hosts/box/index.js';
import { ContentStore, Journal } from '../../hosts/box/store/index.js';
import { addressText, fileKey, Files, isFileRecord, type Outcome } from '../../hosts/box/traffic/index.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-files-'));
after(() => rm(folder, { recursive: true }));
mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
const peer = (n: number): Address => ({ node: new Uint8Array(8).fill(n) });

class Bench {
  readonly files: Files;
  readonly content: ContentStore;
  readonly state: { now: number };
  readonly sent: { readonly to: string; readonly message: Message; readonly settle: (outcome: Outcome) => void }[];
  readonly events: FileInfo[];
  readonly failures: unknown[];
  readonly close: () => Promise<void>;

  private constructor(parts: Pick<Bench, 'files' | 'content' | 'state' | 'sent' | 'events' | 'failures' | 'close'>) {
    this.files = parts.files;
    this.content = parts.content;
    this.state = parts.state;
    this.sent = parts.sent;
    this.events = parts.events;
    this.failures = parts.failures;
    this.close = parts.close;
  }

  static async open(name: string, quota = 1e9): Promise<Bench> {
    const content = await ContentStore.open(join(folder, name));
    const journal = await Journal.open({ file: join(folder, `${name}.journal`), key: fileKey, valid: isFileRecord, capacity: 100 });
    const state = { now: 0 };
    const sent: Bench['sent'] = [];
    const events: FileInfo[] = [];
    const failures: unknown[] = [];
    const files = await Files.open({
      journal,
      content,
      quota,
      clock: { now: () => ({ mono: millis(state.now), error: NEVER }) },
      send: (to, payload) =>
        new Promise((settle) => sent.push({ to: addressText(to), message: decodeMessage(payload, 0, payload.length) as Message, settle })),
      changed: (file) => events.push(file),
      failed: (error) => failures.push(error),
    });
    const close = async (): Promise<void> => {
      await files.stop();
      await journal.close();
    };
    return new Bench({ files, content, state, sent, events, failures, close });
  }

  receive(from: Address, message: Message): void {
    const w = new ByteWriter(new Uint8Array(MESSAGE_MAX));
    encodeMessage(w, message);
    this.files.message(from, w.written());
  }

  /** Lets the disk work until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; !condition(); i += 1) {
      assert.ok(i < 20_000, 'it never came');
      assert.deepEqual(this.failures, []);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  pass(milliseconds: number): void {
    for (let i = 0; i < milliseconds; i += 1_000) {
      this.state.now += 1_000;
      mock.timers.tick(1_000);
    }
  }

  /** Answers sent to the peer, newest last. */
  answers(to: Address): FileAnswer[] {
    return this.sent.flatMap(({ to: name, message }) => (name === addressText(to) && message.kind === 'file-answer' ? [message] : []));
  }
}

function offerOf(bytes: Uint8Array, sha256: Uint8Array = createHash('sha256').update(bytes).digest()): FileOffer {
  return {
    kind: 'file-offer',
    sha256: new Uint8Array(sha256),
    octets: bytes.length,
    blockOctets: 1_000,
    name: 'a.bin',
    mediaType: 'application/octet-stream',
  };
}

const blockOf = (offer: FileOffer, bytes: Uint8Array, block: number): Message => ({
  kind: 'file-block',
  sha256: offer.sha256,
  block,
  bytes: bytes.slice(block * 1_000, (block + 1) * 1_000),
});

test('a file over the quota is refused before a block is sent', async () => {
  const bench = await Bench.open('quota', 5_000);
  bench.receive(peer(1), offerOf(randomBytes(5_001)));
  await bench.until(() => bench.answers(peer(1)).length === 1);
  assert.equal(bench.answers(peer(1))[0]!.wanted, false);
  assert.equal(bench.files.all()[0]!.state, 'refused');
  bench.receive(peer(1), offerOf(randomBytes(3_000)));
  await bench.until(() => bench.answers(peer(1)).length === 2);
  bench.receive(peer(2), offerOf(randomBytes(3_000)));
  await bench.until(() => bench.answers(peer(2)).length === 1);
  assert.deepEqual([bench.answers(peer(1))[1]!.wanted, bench.answers(peer(2))[0]!.wanted], [true, false], 'what is promised to one counts');
  await bench.close();
});

test('a whole that does not fit its hash is fetched once more, then refused; nothing is left of it', async () => {
  const bench = await Bench.open('misfit');
  const bytes = randomBytes(2_500);
  const offer = offerOf(bytes, randomBytes(32));
  bench.receive(peer(1), offer);
  for (const round of [1, 2]) {
    await bench.until(() => bench.answers(peer(1)).length === round);
    assert.equal(bench.answers(peer(1)).at(-1)!.wanted, true);
    for (let block = 0; block < 3; block += 1) bench.receive(peer(1), blockOf(offer, bytes, block));
  }
  await bench.until(() => bench.answers(peer(1)).length === 3);
  assert.equal(bench.answers(peer(1))[2]!.wanted, false);
  await bench.until(() => bench.files.all()[0]!.state === 'refused');
  assert.equal(bench.content.stored, 0);
  await bench.close();
});

test('the same file from two peers at once is moved once, and both learn that it is here', async () => {
  const bench = await Bench.open('twice');
  const bytes = randomBytes(1_500);
  const offer = offerOf(bytes);
  bench.receive(peer(1), offer);
  await bench.until(() => bench.answers(peer(1)).length === 1);
  bench.receive(peer(2), offer);
  bench.receive(peer(1), blockOf(offer, bytes, 0));
  bench.receive(peer(1), blockOf(offer, bytes, 1));
  await bench.until(() => bench.answers(peer(1)).length === 2);
  assert.equal(bench.answers(peer(2)).length, 0);
  bench.receive(peer(2), offer);
  await bench.until(() => bench.answers(peer(2)).length === 1);
  assert.deepEqual(bench.answers(peer(2))[0]!.missing, new Uint8Array(1), 'all there');
  await bench.until(() => bench.files.all().every(({ state }) => state === 'complete'));
  assert.equal(bench.files.all().length, 2);
  assert.deepEqual(await readFile(bench.content.path(bench.content.bySha256(bench.files.all()[0]!.sha256)!.cid)), bytes);
  await bench.close();
});

test('a transfer without progress is shown as interrupted, and a stalled one gives its place to one that waits', async () => {
  const bench = await Bench.open('stalled');
  bench.files.start();
  for (let n = 1; n <= 5; n += 1)
    await bench.files.send(addressText(peer(n)), `${n}.bin`, 'application/octet-stream', Readable.from([randomBytes(100)]));
  const offered = (): string[] => [...new Set(bench.sent.flatMap(({ to, message }) => (message.kind === 'file-offer' ? [to] : [])))];
  assert.deepEqual(
    offered(),
    [1, 2, 3, 4].map((n) => addressText(peer(n))),
    'the fifth waits',
  );
  bench.pass(70_000);
  assert.ok(bench.files.all().every(({ state }) => state === 'moving'));
  bench.pass(15_000);
  assert.deepEqual(bench.events.filter(({ state }) => state === 'interrupted').length >= 4, true);
  assert.deepEqual(
    offered(),
    [1, 2, 3, 4, 5].map((n) => addressText(peer(n))),
    'now it is offered, too',
  );
  await bench.close();
});

test('a file that is being sent goes on after a restart; one being received is asked for once there is a route', async () => {
  const first = await Bench.open('restart');
  first.files.start();
  await first.files.send(addressText(peer(1)), 'out.bin', 'application/octet-stream', Readable.from([randomBytes(100)]));
  const bytes = randomBytes(2_000);
  const offer = offerOf(bytes);
  first.receive(peer(2), offer);
  await first.until(() => first.answers(peer(2)).length === 1);
  first.receive(peer(2), blockOf(offer, bytes, 1));
  await first.until(() => first.events.some(({ direction, received }) => direction === 'in' && received === 1_000));
  await first.close();

  const second = await Bench.open('restart');
  assert.deepEqual(
    second.files.all().map(({ direction, state, received }) => [direction, state, received]),
    [
      ['out', 'moving', 0],
      ['in', 'interrupted', 1_000],
    ],
  );
  second.files.start();
  assert.equal(second.sent[0]!.message.kind, 'file-offer');
  second.files.reachable(peer(1).node);
  second.files.reachable(peer(2).node);
  await second.until(() => second.answers(peer(2)).length === 1);
  assert.deepEqual(second.answers(peer(2))[0]!.missing, new Uint8Array([0b1000_0000]), 'block 0 alone');
  second.receive(peer(2), blockOf(offer, bytes, 0));
  await second.until(() => second.files.all()[1]!.state === 'complete');
  await second.close();
});

test('an empty file and a bad address are refused', async () => {
  const bench = await Bench.open('bad');
  await assert.rejects(bench.files.send(addressText(peer(1)), 'a', 'a/b', Readable.from([])), /empty/);
  await assert.rejects(bench.files.send('nobody', 'a', 'a/b', Readable.from(['x'])), /nobody/);
  await bench.close();
});
