/** Two post offices with a mesh between them that loses, doubles and is cut; time is virtual, the journals are real files. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { isLetterRecord, LIFE, Office, recordKey, type LetterRecord } from '../../hosts/box/post/index.js';
import { Journal } from '../../hosts/box/store/index.js';

const [A, B] = ['a'.repeat(16), 'b'.repeat(16)];
const [ANN, BEN] = ['02aa', '02bb'];
const PERSON = '1'.repeat(16);

/** Sends between offices; what it does with each message is up to `fate`: how often it arrives and whether the sender hears so. */
class Mesh {
  now = 1_000_000;
  fate: () => { copies: number; acknowledged: boolean } = () => ({ copies: 1, acknowledged: true });
  readonly offices = new Map<string, Office>();
  readonly journals: Journal<LetterRecord>[] = [];
  readonly #pending: Promise<unknown>[] = [];

  async open(box: string, folder: string): Promise<Office> {
    const journal = await Journal.open<LetterRecord>({ file: join(folder, box), key: recordKey, valid: isLetterRecord, capacity: 1_000 });
    this.journals.push(journal);
    const pass = (to: string, arrive: (office: Office) => Promise<void>): Promise<boolean> => {
      const { copies, acknowledged } = this.fate();
      const office = this.offices.get(to);
      for (let i = 0; i < copies && office; i += 1) this.#pending.push(arrive(office));
      return Promise.resolve(acknowledged && copies > 0 && office !== undefined);
    };
    const office = new Office({
      journal,
      box,
      now: () => this.now,
      failed: (error) => assert.fail(String(error)),
      sendLetter: (to, letter) => pass(to, (other) => other.arrived(box, letter)),
      sendNews: (to, id, state) => pass(to, (other) => other.news(box, id, state)),
    });
    this.offices.set(box, office);
    return office;
  }

  /** So many seconds of both offices. */
  async run(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i += 2) {
      this.now += 2_000;
      for (const office of this.offices.values()) office.tick();
      // A letter, its news and what both write: each step may lead to another one.
      for (let round = 0; round < 6; round += 1) {
        await Promise.all(this.#pending.splice(0));
        for (const journal of this.journals) await journal.settled();
      }
    }
  }
}

const letter = (n: number): { id: string; person: string; sealed: Uint8Array } => ({
  id: n.toString(16).padStart(32, '0'),
  person: PERSON,
  sealed: new TextEncoder().encode(`letter ${n}`),
});

async function inFolder(work: (folder: string, mesh: Mesh) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-post-'));
  const mesh = new Mesh();
  try {
    await work(folder, mesh);
  } finally {
    for (const journal of mesh.journals) await journal.close();
    await rm(folder, { recursive: true, force: true });
  }
}

test('a letter between two boxes: every state on the way, each once', async () => {
  await inFolder(async (folder, mesh) => {
    const a = await mesh.open(A, folder);
    const b = await mesh.open(B, folder);
    assert.equal((await a.post(ANN, B, letter(1))).state, 'queued');
    await mesh.run(4);
    assert.deepEqual(a.sent(ANN), [{ id: letter(1).id, state: 'kept' }]);
    const [got] = b.inbox(PERSON, 0);
    assert.equal(Buffer.from(got!.sealed, 'base64').toString(), 'letter 1');
    for (const state of ['fetched', 'read'] as const) {
      await b.mark(PERSON, [got!.id], state);
      await mesh.run(4);
      assert.equal(a.sent(ANN)[0]!.state, state);
    }
    await b.mark(PERSON, [got!.id], 'fetched');
    assert.equal(a.sent(ANN)[0]!.state, 'read', 'never back');
    await assert.rejects(a.post(BEN, B, letter(1)), { code: 'letter-known' });
    assert.equal((await a.post(ANN, B, letter(1))).state, 'read', 'the same letter again is the same letter');
    await mesh.run(4);
    assert.equal(b.inbox(PERSON, 0).length, 1);
    await b.news(A, letter(1).id, 'read');
    await a.news('c'.repeat(16), letter(1).id, 'refused');
    assert.equal(a.sent(ANN)[0]!.state, 'read', 'news from another box than the reader’s');
  });
});

test('on one box a letter is kept at once', async () => {
  await inFolder(async (folder, mesh) => {
    const a = await mesh.open(A, folder);
    assert.equal((await a.post(ANN, A, letter(1))).state, 'kept');
    assert.equal(a.inbox(PERSON, 0).length, 1);
  });
});

test('a mesh that loses half and doubles a fifth: every letter arrives once, every state is told', async () => {
  await inFolder(async (folder, mesh) => {
    const random = new RandomStream(5, 'post');
    mesh.fate = () => ({ copies: random.unit() < 0.5 ? 0 : random.unit() < 0.2 ? 2 : 1, acknowledged: random.unit() < 0.8 });
    const a = await mesh.open(A, folder);
    const b = await mesh.open(B, folder);
    for (let n = 1; n <= 20; n += 1) await a.post(ANN, B, letter(n));
    await mesh.run(3_000);
    const inbox = b.inbox(PERSON, 0);
    assert.equal(inbox.length, 20);
    assert.deepEqual(new Set(inbox.map(({ number }) => number)).size, 20);
    await b.mark(
      PERSON,
      inbox.map(({ id }) => id),
      'read',
    );
    await mesh.run(3_000);
    assert.deepEqual(new Set(a.sent(ANN).map(({ state }) => state)), new Set(['read']));
  });
});

test('the other box is away for a day and both daemons are started again: nothing is lost, nothing twice', async () => {
  await inFolder(async (folder, mesh) => {
    const first = await mesh.open(A, folder);
    await first.post(ANN, B, letter(1));
    mesh.now += 24 * 3600 * 1000;
    for (const journal of mesh.journals.splice(0)) await journal.close();
    const a = await mesh.open(A, folder);
    const b = await mesh.open(B, folder);
    await mesh.run(10);
    assert.equal(a.sent(ANN)[0]!.state, 'kept');
    for (const journal of mesh.journals.splice(0)) await journal.close();
    for (const office of [b, await mesh.open(B, folder)]) assert.equal(office.inbox(PERSON, 0).length, 1);
  });
});

test('a letter that nobody can take expires, and says so', async () => {
  await inFolder(async (folder, mesh) => {
    const a = await mesh.open(A, folder);
    await a.post(ANN, B, letter(1));
    await mesh.run(60);
    mesh.now += LIFE;
    assert.equal(a.sent(ANN)[0]!.state, 'expired');
  });
});

test('a full inbox refuses, and the writer hears it', async () => {
  await inFolder(async (folder, mesh) => {
    const a = await mesh.open(A, folder);
    const b = await mesh.open(B, folder);
    for (let n = 1; n <= 501; n += 1) await b.arrived(A, { ...letter(n), life: LIFE });
    assert.equal(b.inbox(PERSON, 0).length, 500);
    await a.post(ANN, B, letter(900));
    await mesh.run(6);
    assert.equal(a.sent(ANN)[0]!.state, 'refused');
  });
});
