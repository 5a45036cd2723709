/** The `meshbox` command against a box made of paper: answers, exit codes, and every error with its remedy. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BOARD, BOX, FAR, island, startPaperBox } from '../box/paper-box.js';
import { assertProblem, bin, inside, meshbox } from './meshbox.js';

const box = await startPaperBox();
const folder = await mkdtemp(join(tmpdir(), 'meshbox-cli-'));
after(async () => {
  await box.stop();
  await rm(folder, { recursive: true });
});
const ask = (...args: string[]): ReturnType<typeof inside> => inside(['--api', box.url, ...args]);
/** As a process, in the test's own folder. */
const askProcess = (...args: string[]): ReturnType<typeof meshbox> => meshbox(['--api', box.url, ...args], { cwd: folder });

test('--help names every command, the options and the exit codes', async () => {
  const { code, out } = await meshbox(['--help']);
  assert.equal(code, 0);
  for (const word of ['status', 'peers', 'routes', 'ping', 'send', 'get', 'doctor', 'serve', '--json', '--api', 'Exit codes'])
    assert.ok(out.includes(word), word);
  const send = await inside(['send', '--help']);
  assert.ok(send.code === 0 && send.out.includes('--no-wait') && send.out.includes('--api'));
});

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  assert.equal((await meshbox(['--version'])).out.trim(), version);
});

test('a wrong command line: exit code 2, what was wrong, what to do', async () => {
  for (const [args, message] of [
    [['--frobnicate'], /--frobnicate/],
    [['frobnicate'], /frobnicate/],
    [['status', '--frobnicate'], /--frobnicate/],
    [['ping'], /to/],
    [['get'], /sha256/],
    [['status', 'more'], /status/],
    [[], /no command/],
  ] as const)
    assertProblem(await ask(...args), 2, message, /--help/);
  assertProblem(await ask('send', BOARD), 2, /text or --file/, /For example/);
  assertProblem(await ask('send', BOARD, 'x', '--file', 'y'), 2, /text or --file/, /For example/);
  assertProblem(await ask('send', BOARD, '--file', 'missing.jpg'), 2, /missing\.jpg/, /--file/);
  assertProblem(await ask('send', BOARD, '--file', folder), 2, /not a file/, /archive/);
  assertProblem(await ask('ping', 'xyz'), 2, /"xyz"/, /meshbox peers/);
  assertProblem(await ask('get', 'zz'), 2, /"zz"/, /hexadecimal/);
  assertProblem(await ask('serve', '--port', 'http'), 2, /"http"/, /--port/);
  assertProblem(await inside(['--api', 'nonsense', 'status']), 2, /"nonsense"/, /--api/);
});

test('no daemon: exit code 3, the address, how to start one', async () => {
  const ran = await meshbox(['--api', 'http://127.0.0.1:9', 'status']);
  assertProblem(ran, 3, /http:\/\/127\.0\.0\.1:9/, /npm start/);
  const json = await inside(['--json', '--api', 'http://127.0.0.1:9', 'status']);
  assert.equal(json.code, 3);
  assert.equal((JSON.parse(json.err) as { error: { code: string } }).error.code, 'unreachable');
  const byEnvironment = await meshbox(['status'], { env: { MESHBOX_API: 'http://127.0.0.1:9' } });
  assertProblem(byEnvironment, 3, /127\.0\.0\.1:9/, /npm start/);
});

test('something else listens at the address: said so', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end('<html>')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  assertProblem(
    await meshbox(['--api', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'status']),
    1,
    /not as a MeshBox daemon/,
    /--api/,
  );
  server.close();
});

test('status, peers and routes for a person and as JSON', async () => {
  const status = await ask('status');
  assert.equal(status.code, 0);
  assert.match(status.out, new RegExp(`Paper, ${BOX}`));
  assert.match(status.out, /no serial device \/dev\/ttyUSB9\n +Plug the board in/);
  assert.equal((JSON.parse((await ask('--json', 'status')).out) as { id: string }).id, BOX);
  const peers = (await ask('peers')).out.split('\n');
  assert.equal(peers.filter((line) => line.includes('board')).length, 2);
  assert.deepEqual(JSON.parse((await ask('peers', '--json')).out), island.nodes);
  assert.match((await ask('routes')).out, new RegExp(`${FAR}  ${BOARD} +5\\.7`));
});

test('ping: complete id, beginning of one, none, several, no answer', async () => {
  assert.match((await ask('ping', BOARD)).out, /12 ms over 1 hop\n/);
  assert.match((await ask('ping', '4BE10')).out, new RegExp(`^${BOARD} answered`));
  assertProblem(await ask('ping', 'dead'), 5, /"dead"/, /meshbox peers/);
  assertProblem(await ask('ping', '4be1'), 5, /2 nodes/, /more digits/);
  assertProblem(await ask('ping', FAR), 4, /did not answer/, /reach/);
});

test('send a text: delivered, unknown, not waited for', async () => {
  const sent = await askProcess('send', BOARD, 'two', 'words');
  assert.deepEqual([sent.code, sent.out], [0, `delivered to ${BOARD}\n`]);
  assert.equal(box.messages.at(-1)!.text, 'two words');
  const unknown = await ask('send', FAR, 'x');
  assert.equal(unknown.code, 4);
  assert.match(unknown.out, /may still have arrived/);
  const queued = await ask('--json', 'send', FAR, 'x', '--no-wait');
  assert.equal(queued.code, 0);
  assert.equal((JSON.parse(queued.out) as { state: string }).state, 'queued');
  assertProblem(await ask('send', BOARD, 'x'.repeat(2_001)), 1, /2001 octets/, /as a file/);
});

test('send a file: complete and refused; no bar where nobody looks', async () => {
  const photo = join(folder, 'photo.JPG');
  await writeFile(photo, randomBytes(70_000));
  const sent = await askProcess('send', '4be10', '--file', 'photo.JPG');
  assert.equal(sent.code, 0, sent.err);
  assert.match(sent.out, /^photo\.JPG is delivered to 4be1000000000001, 70000 octets, [0-9a-f]{64}\n$/);
  assert.equal(sent.err, '');
  assert.equal(box.files.at(-1)!.mediaType, 'image/jpeg');
  const refused = await ask('send', FAR, '--file', photo);
  assert.deepEqual([refused.code, refused.out], [1, `${FAR} refused photo.JPG\n`]);
});

test('on a terminal long work shows a bar', async () => {
  const command = `${process.execPath} ${bin} --api ${box.url} send ${BOARD} --file ${join(folder, 'photo.JPG')}`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let screen = '';
  for await (const piece of child.stdout) screen += String(piece);
  assert.match(screen, /photo\.JPG .*100 % \| 70000 of 70000 octets/);
});

test('get: into its own name, another one, standard output; never over an existing file', async () => {
  const bytes = Buffer.from('line\n'.repeat(20_000));
  const { sha256 } = await box.receive('../.bashrc', 'text/plain', bytes);
  const got = await askProcess('get', sha256.slice(0, 12));
  assert.equal(got.code, 0, got.err);
  assert.deepEqual(await readFile(join(folder, 'bashrc')), bytes, 'only the last part of the name, and not hidden');
  assertProblem(await askProcess('get', sha256), 1, /bashrc exists/, /--force/);
  assert.equal((await askProcess('get', sha256, '--force')).code, 0);
  assert.equal((await ask('get', sha256, '-o', join(folder, 'other.bin'))).code, 0);
  assert.deepEqual(await readFile(join(folder, 'other.bin')), bytes);
  assert.equal((await ask('get', sha256, '-o', '-')).out, bytes.toString(), 'standard output');
  assertProblem(await ask('get', 'abcdef'), 5, /abcdef/, /api\/files/);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('control characters of a name from the mesh do not reach the terminal or the disk', async () => {
  const { sha256 } = await box.receive('a\u001b[2Jb\u009bc.txt', 'text/plain', randomBytes(10));
  const got = await askProcess('get', sha256);
  assert.equal(got.code, 0);
  assert.match(got.out, /^a\ufffd\[2Jb\ufffdc\.txt, 10 octets/);
});

test('doctor works without a daemon and says how to get what is missing', async () => {
  const { code, out } = await inside(['--json', '--api', 'http://127.0.0.1:9', 'doctor']);
  const { findings, ready } = JSON.parse(out) as { ready: boolean; findings: { id: string; found?: string; remedy?: string }[] };
  assert.equal(code, ready ? 0 : 1);
  for (const { id, found, remedy } of findings) assert.ok((found === undefined) !== (remedy === undefined), id);
  assert.equal(findings.find(({ id }) => id === 'node')!.found, process.versions.node);
  assert.match(findings.find(({ id }) => id === 'daemon')!.remedy!, /npm start/);
});
