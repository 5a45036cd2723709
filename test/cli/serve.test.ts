/** `meshbox serve` when something is wrong: each message names the thing and the remedy, and nothing is lost. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ByteWriter } from '../../firmware/core/base/index.js';
import { SERIAL_VERSION } from '../../firmware/core/link/index.js';
import { encodeHello, HELLO_MAX, SERIAL_FRAME_MAX, SerialKind, writeSerialFrame } from '../../firmware/core/wire/index.js';
import { ask, startDaemon, until } from '../box/daemon-process.js';
import { openPty } from '../serial/pty.js';
import { assertProblem, inside, meshbox } from './meshbox.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-serve-'));
after(() => rm(folder, { recursive: true }));
const serve = (state: string, ...more: string[]): ReturnType<typeof inside> =>
  inside(['serve', '--radio', '/dev/ttyUSB99', '--port', '0', '--state', state, ...more]);

/** A state folder that a daemon has used. */
async function usedState(name: string): Promise<string> {
  const state = join(folder, name);
  const daemon = await startDaemon({ radio: '/dev/ttyUSB99', state });
  assert.equal(await daemon.stop(), 0);
  return state;
}

test('a busy port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const port = String((server.address() as AddressInfo).port);
  const state = join(folder, 'busy');
  const ran = await meshbox(['serve', '--radio', '/dev/ttyUSB99', '--state', state, '--port', port]);
  assertProblem(ran, 1, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use`), /--port/);
  server.close();
  const daemon = await startDaemon({ radio: '/dev/ttyUSB99', state });
  assert.equal(await daemon.stop(), 0, 'the state folder was let go');
});

test('an address that is not ours, a state folder that cannot be', async () => {
  assertProblem(await serve(join(folder, 'a'), '--host', '192.0.2.1'), 1, /192\.0\.2\.1/, /--host/);
  await writeFile(join(folder, 'file'), '');
  assertProblem(await serve(join(folder, 'file', 'state')), 1, /state folder/, /--state/);
});

test('a damaged state folder: nothing in it is touched', async () => {
  const state = await usedState('damaged');
  const [format, key] = [join(state, 'format'), join(state, 'box.key')];
  const keyText = await readFile(key, 'utf8');
  await writeFile(format, '{"form');
  assertProblem(await serve(state), 1, /format is damaged/, /delete that one file/);
  await rm(format);
  await writeFile(key, keyText.replace(/\n.*\n/, '\n\n'));
  assertProblem(await serve(state), 1, /box\.key is damaged/, /backup/);
  await writeFile(key, keyText);
  await chmod(key, 0o640);
  assertProblem(await serve(state), 1, /read by others/, /chmod 600/);
  await chmod(key, 0o600);
  const daemon = await startDaemon({ radio: '/dev/ttyUSB99', state });
  assert.equal(daemon.id, keyText.split('\n')[2], 'the same box');
  await daemon.stop();
});

test('damaged records: the daemon runs, says which file, and keeps the good ones', async () => {
  const state = await usedState('records');
  await writeFile(join(state, 'messages'), 'no record at all\n');
  const daemon = await startDaemon({ radio: '/dev/ttyUSB99', state });
  const { problems } = await ask(daemon, 'status');
  assert.equal(problems.length, 1);
  assert.match(problems[0]!.message, /messages had 1 damaged record/);
  assert.match(problems[0]!.remedy, /corrupt/);
  assert.match((await inside(['--api', daemon.url, 'status'])).out, /problem +.*messages had 1 damaged/);
  await daemon.stop();
});

test('two daemons on one state folder; a killed one leaves no lock', async () => {
  const state = join(folder, 'shared');
  const daemon = await startDaemon({ radio: '/dev/ttyUSB99', state });
  assertProblem(await serve(state), 1, /another daemon uses the state folder/, /--state/);
  await daemon.kill();
  const next = await startDaemon({ radio: '/dev/ttyUSB99', state });
  assert.equal(next.id, daemon.id);
  await next.stop();
});

test('a board with another protocol version: refused, with who must be updated', { timeout: 60_000 }, async (t) => {
  const pty = await openPty();
  t.after(() => pty.unplug());
  const daemon = await startDaemon({ radio: pty.device, state: join(folder, 'version') });
  t.after(() => daemon.kill());
  const hello = setInterval(() => pty.input.write(helloFrame(SERIAL_VERSION + 1)), 100);
  const { radio } = await until(daemon, 'status', ({ radio }) => radio.state === 'refused');
  clearInterval(hello);
  assert.ok(radio.state === 'refused');
  assert.match(radio.problem, /version 2 of the serial protocol, this box version 1/);
  assert.match(radio.remedy, /Update the box/);
  assert.match((await inside(['--api', daemon.url, 'status'])).out, /version 2.*\n +Update the box/);
});

test('a fault of our own (planted): the message without a stack, the stack in a file, and the next start is whole', async () => {
  const state = join(folder, 'fault');
  const planted = "process.on('SIGUSR2', () => { throw new Error('planted fault'); })";
  const daemon = await startDaemon({
    radio: '/dev/ttyUSB99',
    state,
    nodeOptions: `--import data:text/javascript,${encodeURIComponent(planted)}`,
  });
  process.kill(daemon.pid, 'SIGUSR2');
  assert.equal(await daemon.exited, 1);
  const { error } = JSON.parse(daemon.log().trimEnd().split('\n').at(-1)!) as { error: { message: string; remedy: string } };
  assert.match(error.message, /planted fault/);
  assert.match(error.remedy, /Start it again.*crash/);
  assert.doesNotMatch(daemon.log(), /^\s+at /m);
  assert.match(await readFile(join(state, 'crash'), 'utf8'), /Error: planted fault\n +at /);
  const next = await startDaemon({ radio: '/dev/ttyUSB99', state });
  assert.equal(next.id, daemon.id);
  await next.stop();
});

test('a radio that is no device', async () => {
  await mkdir(join(folder, 'no-device'));
  const daemon = await startDaemon({ radio: join(folder, 'no-device'), state: join(folder, 'odd') });
  const { radio } = await until(daemon, 'status', ({ radio }) => radio.state === 'searching' && radio.problem !== undefined);
  assert.ok(radio.state === 'searching' && radio.problem!.includes('no-device') && radio.remedy !== undefined);
  await daemon.stop();
});

function helloFrame(major: number): Uint8Array {
  const w = new ByteWriter(new Uint8Array(HELLO_MAX));
  encodeHello(w, {
    major,
    name: 'other',
    role: 'board',
    key: new Uint8Array(33).fill(3),
    session: 7,
    frameMax: 1_024,
    holds: 128,
    heard: 0,
    answer: true,
  });
  const out = new Uint8Array(SERIAL_FRAME_MAX);
  return out.slice(0, writeSerialFrame(out, 0, SerialKind.hello, 0, 0, w.written()));
}
