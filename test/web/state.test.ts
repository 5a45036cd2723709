/** The page's state: connection with a made-up clock and stream, store fed by snapshots and events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event, FileInfo, Message, Status } from '../../hosts/box/api/types.js';
import type { Snapshot } from '../../hosts/web/console/state/api.js';
import { createConnection, silence, type ConnectionPorts } from '../../hosts/web/console/state/connection.js';
import { createStore } from '../../hosts/web/console/state/store.js';
import { makeStatus } from './fixture-box.js';
import { makeIsland, withNode, withoutNode } from './fixture-island.js';

const island = makeIsland({ count: 6, seed: 1 });
const snapshot: Snapshot = { status: makeStatus(island), island, messages: [], files: [] };
const message = (key: number, state: Message['state']): Message => ({
  key,
  direction: 'out',
  peer: island.nodes[2]!.id,
  text: 'x',
  at: 0,
  state,
});

/** A stream that the test opens and breaks, answers that it gives, and timers that it fires. */
function bench() {
  let clock = 1_000;
  let timer: { due: number; run: () => void } | undefined;
  const log: string[] = [];
  const answers: { resolve: (value: never) => void; reject: () => void }[] = [];
  let stream: Parameters<ConnectionPorts['stream']>[0];
  const question =
    (what: string) =>
    <T>(): Promise<T> => {
      log.push(what);
      return new Promise<T>((resolve, reject) =>
        answers.push({ resolve: resolve as (value: never) => void, reject: () => reject(new Error('no answer')) }),
      );
    };
  const connection = createConnection({
    stream(on) {
      log.push('open');
      stream = on;
      return () => log.push('close');
    },
    snapshot: question('snapshot'),
    probe: question('probe'),
    later(ms, run) {
      const mine = { due: clock + ms, run };
      timer = mine;
      return () => {
        if (timer === mine) timer = undefined;
      };
    },
    now: () => clock,
    load: () => log.push('load'),
    apply: (event) => log.push(event.type === 'message' ? `message ${event.message.key}` : event.type),
    show: (live) => log.push(live.state === 'gone' ? `gone since ${live.since}` : live.state),
  });
  return {
    connection,
    stream: () => stream,
    /** What happened since the last call. */
    taken: () => log.splice(0),
    /** Let the clock run to the timer; returns the pause. */
    fire(): number {
      const { due, run } = timer!;
      timer = undefined;
      const pause = due - clock;
      clock = due;
      run();
      return pause;
    },
    async answer(value: unknown): Promise<void> {
      answers.shift()!.resolve(value as never);
      await new Promise(setImmediate);
    },
    async refuse(): Promise<void> {
      answers.shift()!.reject();
      await new Promise(setImmediate);
    },
  };
}

const event = (key: number): Event => ({ type: 'message', message: message(key, 'queued') });

test('connecting -> loading -> live; events that overtake the snapshot are applied after it', async () => {
  const { connection, stream, taken, answer } = bench();
  connection.connect();
  stream().open();
  stream().event(event(1));
  stream().event(event(2));
  assert.deepEqual(taken(), ['connecting', 'open', 'snapshot']);
  await answer(snapshot);
  stream().event(event(3));
  assert.deepEqual(taken(), ['load', 'message 1', 'message 2', 'live', 'message 3']);
});

test('live -> gone -> live: one notice, pauses that double to a limit and start anew', async () => {
  const { connection, stream, taken, answer, fire } = bench();
  connection.connect();
  stream().open();
  await answer(snapshot);
  taken();
  stream().lost();
  assert.deepEqual(taken(), ['close', 'gone since 1000']);
  const pauses: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    pauses.push(fire());
    assert.deepEqual(taken(), ['close', 'open'], 'a new attempt does not show');
    stream().lost();
    assert.deepEqual(taken(), ['close', 'gone since 1000'], 'the first loss counts');
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  fire();
  stream().open();
  await answer(snapshot);
  assert.deepEqual(taken(), ['close', 'open', 'snapshot', 'load', 'live']);
  stream().lost();
  assert.equal(fire(), 1_000);
});

test('a failed snapshot is a loss, and an answer to an earlier attempt is ignored', async () => {
  const { connection, stream, taken, answer, refuse, fire } = bench();
  connection.connect();
  stream().open();
  const old = stream();
  await refuse();
  assert.deepEqual(taken(), ['connecting', 'open', 'snapshot', 'close', 'gone since 1000']);
  fire();
  stream().open();
  taken();
  old.event(event(9));
  old.lost();
  assert.deepEqual(taken(), []);
  await answer(snapshot);
  assert.deepEqual(taken(), ['load', 'live']);
});

test('silence is probed: an answer keeps the page live, none is a loss', async () => {
  const { connection, stream, taken, answer, refuse, fire } = bench();
  connection.connect();
  stream().open();
  await answer(snapshot);
  taken();
  assert.equal(fire(), silence);
  await answer(snapshot.status);
  assert.deepEqual(taken(), ['probe', 'status']);
  assert.equal(fire(), silence);
  await refuse();
  assert.deepEqual(taken(), ['probe', 'close', `gone since ${1_000 + 2 * silence}`]);
});

test('a stream that never opens is given up', () => {
  const { connection, taken, fire } = bench();
  connection.connect();
  assert.equal(fire(), silence);
  assert.deepEqual(taken(), ['connecting', 'open', 'close', `gone since ${1_000 + silence}`]);
});

function loaded() {
  const store = createStore(() => 5_000);
  store.load(snapshot);
  return store;
}
const texts = (store: ReturnType<typeof loaded>): string[] => store.changes.value.map(({ text }) => text);

test('a snapshot is no change; events are, newest first', () => {
  const store = loaded();
  assert.deepEqual(texts(store), []);
  const [, , third, fourth] = island.nodes;
  store.apply({ type: 'island', island: withNode(withoutNode(island, third!.id), fourth!.id, { state: 'silent' }) });
  assert.deepEqual(texts(store), [`Board ${fourth!.id.slice(0, 4)} went silent`, `Board ${third!.id.slice(0, 4)} became unreachable`]);
});

test('what changed while the box was gone is told after the next snapshot', () => {
  const store = loaded();
  store.load({ ...snapshot, island: withoutNode(island, island.nodes[2]!.id) });
  assert.equal(texts(store).length, 1);
});

test('events update messages and files in place', () => {
  const store = loaded();
  for (const state of ['queued', 'delivered'] as const) store.apply({ type: 'message', message: message(1, state) });
  assert.deepEqual(
    store.messages.value.map(({ state }) => state),
    ['delivered'],
  );
  const file: FileInfo = {
    sha256: 'aa',
    name: 'f',
    mediaType: 'text/plain',
    octets: 4,
    direction: 'in',
    peer: 'p',
    received: 1,
    state: 'moving',
    at: 0,
  };
  for (const received of [1, 2, 3]) store.apply({ type: 'file', file: { ...file, received } });
  assert.deepEqual(
    store.files.value.map(({ received }) => received),
    [3],
  );
});

test('the answer to a request never takes back what an event said', () => {
  const store = loaded();
  store.apply({ type: 'message', message: message(1, 'delivered') });
  store.addMessage(message(1, 'queued'));
  assert.deepEqual(
    store.messages.value.map(({ state }) => state),
    ['delivered'],
  );
  store.addMessage(message(2, 'queued'));
  assert.equal(store.messages.value.length, 2);
});

test('nodes keep their places through events, and arranging is repeatable', () => {
  const store = loaded();
  const before = store.places.value;
  store.apply({ type: 'island', island: withoutNode(island, island.nodes[3]!.id) });
  assert.equal(store.places.value, before);
  store.apply({ type: 'island', island });
  store.rearrange();
  assert.deepEqual(store.places.value, before);
});

test('traffic gives a node a new beat, and only that node', () => {
  const store = loaded();
  const { id, counters } = island.nodes[2]!;
  const grow = (forwarded: number): void =>
    store.apply({ type: 'island', island: withNode(island, id, { counters: { ...counters!, forwarded } }) });
  grow(counters!.forwarded + 4);
  const first = store.pulses.value;
  assert.deepEqual([...first.keys()], [id]);
  assert.equal(first.get(id)!.frames, 4);
  grow(counters!.forwarded + 4);
  assert.equal(store.pulses.value, first);
  grow(counters!.forwarded + 5);
  assert.notEqual(store.pulses.value.get(id)!.beat, first.get(id)!.beat);
});

test('names: the box, short ids, leaves by their board', () => {
  const store = loaded();
  const [box, board] = island.nodes;
  assert.equal(store.name.value(box!.id), 'box');
  assert.equal(store.name.value(`${board!.id}/00112233aabbccdd`), `${board!.id.slice(0, 4)}/0011`);
});

test('the list of changes is bounded', () => {
  const store = loaded();
  const status = (device: string, state: 'searching' | 'refused'): Status => ({
    ...snapshot.status,
    radio: { state, device, problem: 'p', remedy: 'r' },
  });
  for (let round = 0; round < 50; round += 1)
    store.apply({ type: 'status', status: status('d', round % 2 === 0 ? 'searching' : 'refused') });
  assert.equal(store.changes.value.length, 40);
});
