/** The daemon as a process, a board at the end of a real pty, and a node behind that: the whole way of a text and a file, through unplugging and kill -9. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { meshbox } from '../cli/meshbox.js';
import { openPty } from '../serial/pty.js';
import { ask, startDaemon, until, type DaemonProcess } from './daemon-process.js';
import { startTinyIsland, type TinyIsland } from './tiny-island.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-daemon-'));
after(() => rm(folder, { recursive: true }));
let states = 0;

/** A daemon with its own state folder, a pty and a tiny island behind it. */
async function setUp(t: TestContext): Promise<{ island: TinyIsland; device: string; state: string; unplug: () => Promise<void> }> {
  const pty = await openPty();
  const island = startTinyIsland(pty);
  t.after(async () => {
    island.stop();
    await pty.unplug();
  });
  return { island, device: pty.device, state: join(folder, `state${++states}`), unplug: () => pty.unplug() };
}

const upAt = (daemon: DaemonProcess, id: string): Promise<unknown> =>
  until(daemon, 'island', ({ nodes }) => nodes.some((node) => node.id === id && node.state === 'up' && node.counters !== undefined));

test('pairs, surveys the island, and carries texts, pings and files both ways', { timeout: 120_000 }, async (t) => {
  const { island, device, state } = await setUp(t);
  const { far, boardId } = island;
  const daemon = await startDaemon({ radio: device, state });
  t.after(() => daemon.kill());

  const { radio } = await until(daemon, 'status', ({ radio }) => radio.state === 'paired');
  assert.deepEqual(radio.state === 'paired' && [radio.boardId, radio.firmware, radio.device], [boardId, 'tiny 0.1', device]);
  await upAt(daemon, far.id);
  const { nodes, links } = await ask(daemon, 'island');
  assert.deepEqual(nodes.map(({ id }) => id).sort(), [daemon.id, boardId, far.id].sort());
  for (const [from, to] of [
    [daemon.id, boardId],
    [boardId, far.id],
    [far.id, boardId],
  ])
    assert.ok(
      links.some((link) => link.from === from && link.to === to && link.metric > 0),
      `${from} -> ${to}`,
    );

  assert.match(
    (await meshbox(['--api', daemon.url, 'ping', far.id.slice(0, 6)])).out,
    new RegExp(`^${far.id} answered in \\d+ ms over 2 hops\n$`),
  );
  assert.equal(await far.text(daemon.id, 'to the box'), 'delivered');
  const sent = await meshbox(['--api', daemon.url, 'send', far.id, 'to', 'the', 'island']);
  assert.deepEqual([sent.code, sent.out], [0, `delivered to ${far.id}\n`]);
  assert.deepEqual(far.texts, ['to the island']);
  const messages = await ask(daemon, 'messages');
  assert.deepEqual(
    messages.map(({ direction, text, state, peer }) => [direction, text, state, peer]),
    [
      ['in', 'to the box', 'received', far.id],
      ['out', 'to the island', 'delivered', far.id],
    ],
  );

  const there = randomBytes(9_000);
  await far.file(daemon.id, 'there.jpg', there);
  const [file] = await until(daemon, 'files', (files) => files[0]?.state === 'complete');
  assert.deepEqual([file!.name, file!.octets, file!.received, file!.peer], ['there.jpg', 9_000, 9_000, far.id]);
  assert.deepEqual(Buffer.from(await (await fetch(`${daemon.url}/api/files/${file!.sha256}`)).arrayBuffer()), there);

  const back = randomBytes(9_001);
  const posted = await fetch(`${daemon.url}/api/files?to=${far.id}&name=back.bin`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: back,
  });
  assert.equal(posted.status, 202);
  await until(daemon, 'files', (files) => files.every((each) => each.state === 'complete'));
  assert.deepEqual(Buffer.from(far.received(createHash('sha256').update(back).digest('hex'))!), back);

  // Records, files and identity outlive the daemon, and nothing secret was logged.
  assert.equal(await daemon.stop(), 0);
  const secret = (await readFile(join(state, 'box.key'), 'utf8')).split('\n')[1]!;
  assert.ok(!daemon.log().includes(secret) && !daemon.log().includes('to the box'), 'no secret and no message in the log');
  const again = await startDaemon({ radio: device, state });
  t.after(() => again.kill());
  assert.equal(again.id, daemon.id);
  assert.deepEqual(await ask(again, 'messages'), messages);
  assert.deepEqual(
    (await ask(again, 'files')).map(({ state, received, octets }) => [state, received === octets]),
    [
      ['complete', true],
      ['complete', true],
    ],
  );
});

test('kill -9 in the middle of a file, five times: it goes on where it was and arrives byte for byte', { timeout: 240_000 }, async (t) => {
  const seed = 20_261_122;
  const { island, device, state } = await setUp(t);
  const bytes = randomBytes(120_000);
  const blocks = Math.ceil(bytes.length / 4_096);
  let daemon = await startDaemon({ radio: device, state });
  t.after(() => daemon.kill());
  await upAt(daemon, island.far.id);
  let arrived = false;
  const whole = island.far.file(daemon.id, 'photo.jpg', bytes).then(() => (arrived = true));
  const kills = 5;
  for (let i = 1; i <= kills; i += 1) {
    await until(daemon, 'files', (files) => (files[0]?.received ?? 0) >= (bytes.length * i) / (kills + 2));
    // Anywhere in the way of a block: received, being written, being answered.
    await new Promise((resolve) => setTimeout(resolve, (seed * i * 7_919) % 97));
    assert.equal(arrived, false, 'still in the middle');
    const [before] = await ask(daemon, 'files');
    await daemon.kill();
    daemon = await startDaemon({ radio: device, state });
    const [restored] = await ask(daemon, 'files');
    assert.ok(
      restored!.received >= before!.received,
      `seed ${seed}, kill ${i}: ${before!.received} octets stored, ${restored!.received} after the restart`,
    );
    assert.equal(restored!.state, 'interrupted');
  }
  await whole;
  const [file] = await until(daemon, 'files', (files) => files[0]?.state === 'complete');
  const got = Buffer.from(await (await fetch(`${daemon.url}/api/files/${file!.sha256}`)).arrayBuffer());
  assert.ok(got.equals(bytes), `seed ${seed}: byte for byte`);
  assert.ok(
    island.far.blocksSent <= blocks + kills * 4,
    `seed ${seed}: ${island.far.blocksSent} blocks sent for ${blocks}: resumed, not begun anew`,
  );
  for (const parts of ['partial', 'incoming']) assert.deepEqual(await readdir(join(state, 'content', parts)), [], `no ${parts} are left`);
});

test('a missing device: says so and keeps looking; plugged in, unplugged, plugged in again', { timeout: 120_000 }, async (t) => {
  const { island, device, state, unplug } = await setUp(t);
  const link = join(folder, 'ttyRadio');
  const daemon = await startDaemon({ radio: link, state });
  t.after(() => daemon.kill());
  const { radio } = await until(daemon, 'status', ({ radio }) => radio.state === 'searching' && radio.problem !== undefined);
  assert.ok(radio.state === 'searching');
  assert.match(radio.problem!, new RegExp(`no serial device ${link}`));
  assert.match(radio.remedy!, /Plug the board in/);
  assert.match((await meshbox(['--api', daemon.url, 'status'])).out, /no serial device/);

  await symlink(device, link);
  await until(daemon, 'status', ({ radio }) => radio.state === 'paired');
  await unplug();
  const lost = await until(daemon, 'status', ({ radio }) => radio.state === 'searching');
  assert.ok(lost.radio.state === 'searching' && lost.radio.remedy !== undefined);
  const another = await openPty();
  t.after(() => another.unplug());
  island.plug(another);
  await unlink(link);
  await symlink(another.device, link);
  const back = await until(daemon, 'status', ({ radio }) => radio.state === 'paired');
  assert.ok(back.radio.state === 'paired' && back.radio.counters.reconnects === 1);
  assert.equal((daemon.log().match(/no serial device/g) ?? []).length <= 2, true, 'one line per change, not one per try');
});
