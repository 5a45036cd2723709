/** The HTTP face: what it answers, what it refuses, and that every refusal names the thing and the remedy. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startServer, type ApiError, type BoxFace } from '../../hosts/box/api/index.js';
import { Problem } from '../../hosts/node/index.js';
import { BOARD, FAR, island, startPaperBox } from './paper-box.js';

const box = await startPaperBox();
after(() => box.stop());

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const octets = (body: BodyInit): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body });

async function refused(path: string, init: RequestInit, status: number, code: string): Promise<ApiError['error']> {
  const response = await fetch(box.url + path, init);
  const text = await response.text();
  assert.equal(response.status, status, text);
  const { error } = JSON.parse(text) as ApiError;
  assert.equal(error.code, code);
  assert.ok(error.message.length > 10 && error.remedy.length > 10, text);
  assert.doesNotMatch(text, /\bat .*\.(ts|js):\d+|node_modules/, 'no stack trace');
  return error;
}

test('status, island, messages and files are JSON', async () => {
  for (const path of ['status', 'island', 'messages', 'files']) {
    const response = await fetch(`${box.url}/api/${path}`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type')!, /^application\/json/);
    await response.json();
  }
  assert.deepEqual(await (await fetch(`${box.url}/api/island`)).json(), island);
});

test('a text is accepted, with every character', async () => {
  const response = await fetch(`${box.url}/api/messages`, json({ to: BOARD, text: 'Grüße 🌊 \ud800!' }));
  assert.equal(response.status, 202);
  assert.equal(((await response.json()) as { text: string }).text, 'Grüße 🌊 \ufffd!');
});

test('bad texts are refused', async () => {
  const to = BOARD;
  await refused('/api/messages', json({ to, text: '' }), 400, 'bad-request');
  await refused('/api/messages', json({ to }), 400, 'bad-request');
  await refused('/api/messages', json({ to: 'nobody', text: 'x' }), 400, 'bad-request');
  await refused('/api/messages', json({ to: `${to}/12`, text: 'x' }), 400, 'bad-request');
  await refused('/api/messages', json('{"to":'), 400, 'bad-request');
  await refused('/api/messages', json([]), 400, 'bad-request');
  await refused('/api/messages', json({ to, text: 'ü'.repeat(1_001) }), 413, 'too-large');
  await refused('/api/messages', json({ to, text: 'x'.repeat(20_000) }), 413, 'too-large');
  await refused('/api/messages', { method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<x/>' }, 415, 'bad-request');
  assert.equal((await fetch(`${box.url}/api/messages`, json({ to, text: 'x'.repeat(2_000) }))).status, 202, 'the longest');
});

test('a file is streamed in, far above the limit of JSON', async () => {
  const bytes = randomBytes(300_000);
  const response = await fetch(`${box.url}/api/files?to=${BOARD}&name=a%20b.jpg&type=image/jpeg`, octets(bytes));
  assert.equal(response.status, 202);
  const file = (await response.json()) as { octets: number; name: string; mediaType: string };
  assert.deepEqual([file.octets, file.name, file.mediaType], [300_000, 'a b.jpg', 'image/jpeg']);
});

test('bad files are refused', async () => {
  await refused(`/api/files?name=a`, octets('x'), 400, 'bad-request');
  await refused(`/api/files?to=${BOARD}`, octets('x'), 400, 'bad-request');
  for (const name of ['../secret', 'a/b', 'a%00b', 'a%0Ab', 'x'.repeat(121)])
    await refused(`/api/files?to=${BOARD}&name=${name}`, octets('x'), 400, 'bad-request');
  await refused(`/api/files?to=${BOARD}&name=a&type=nonsense`, octets('x'), 400, 'bad-request');
  await refused(`/api/files?to=${BOARD}&name=a`, json({}), 415, 'bad-request');
});

test('a received file comes back byte for byte, in ranges too, and can never run as a page of the console', async () => {
  const bytes = randomBytes(5_000);
  const { sha256 } = await box.receive('Übung.html', 'text/html', bytes);
  const whole = await fetch(`${box.url}/api/files/${sha256}`);
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes);
  assert.equal(whole.headers.get('content-type'), 'text/html');
  assert.match(whole.headers.get('content-disposition')!, /^attachment; filename\*=UTF-8''%C3%9Cbung\.html$/);
  assert.match(whole.headers.get('content-security-policy')!, /sandbox/);
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
  const part = await fetch(`${box.url}/api/files/${sha256}`, { headers: { range: 'bytes=10-19' } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(10, 20));
  const picture = await box.receive('a.jpg', 'image/jpeg', bytes.subarray(1));
  assert.match((await fetch(`${box.url}/api/files/${picture.sha256}`)).headers.get('content-disposition')!, /^inline/);
  await refused(`/api/files/${'0'.repeat(64)}`, {}, 404, 'not-found');
  await refused('/api/files/..%2F..%2Fetc%2Fpasswd', {}, 400, 'bad-request');
});

test('ping answers, or says that nothing came', async () => {
  assert.deepEqual(await (await fetch(`${box.url}/api/ping`, json({ to: BOARD }))).json(), { to: BOARD, hops: 1, milliseconds: 12 });
  await refused('/api/ping', json({ to: FAR }), 504, 'no-answer');
});

test('a page of another site can neither act nor read', async () => {
  const body = JSON.stringify({ to: BOARD, text: 'x' });
  const headers = { 'content-type': 'application/json' };
  await refused('/api/messages', { method: 'POST', headers: { ...headers, origin: 'http://evil.example' }, body }, 403, 'foreign-origin');
  await refused('/api/messages', { method: 'POST', headers: { ...headers, 'sec-fetch-site': 'cross-site' }, body }, 403, 'foreign-origin');
  await refused('/api/messages', { method: 'POST', headers: { 'content-type': 'text/plain' }, body }, 415, 'form-type');
  assert.equal(
    (
      await fetch(`${box.url}/api/messages`, {
        method: 'POST',
        headers: { ...headers, origin: box.url, 'sec-fetch-site': 'same-origin' },
        body,
      })
    ).status,
    202,
  );
  const status = (await fetch(`${box.url}/api/status`)).headers;
  assert.equal(status.get('access-control-allow-origin'), null);
  for (const [host, expected] of [
    ['evil.example', 403],
    ['evil.example:8480', 403],
    ['localhost:1', 200],
    ['00000000000000b0.meshbox.lan', 200],
    ['[::1]:8480', 200],
  ] as const)
    assert.equal(await statusWithHost(host), expected, host);
});

test('what is not there is said so, with the method', async () => {
  const error = await refused('/api/nothing', { method: 'DELETE' }, 404, 'not-found');
  assert.match(error.message, /DELETE \/api\/nothing/);
});

test('events: the state at once, then what happens', async () => {
  const response = await fetch(`${box.url}/api/events`);
  assert.match(response.headers.get('content-type')!, /^text\/event-stream/);
  const reader = response.body!.getReader();
  let text = '';
  const until = async (part: string): Promise<void> => {
    while (!text.includes(part)) text += new TextDecoder().decode((await reader.read()).value);
  };
  await until('"type":"island"');
  assert.match(text, /^data: \{"type":"status"/);
  box.emit({ type: 'message', message: { key: 7, direction: 'in', peer: BOARD, text: 'hello', at: 1, state: 'received' } });
  await until('"key":7');
  await reader.cancel();
});

test('clients of the events are capped', async () => {
  const controllers = Array.from({ length: 40 }, () => new AbortController());
  const statuses = await Promise.all(
    controllers.map(({ signal }) => fetch(`${box.url}/api/events`, { signal }).then(({ status }) => status)),
  );
  assert.equal(statuses.filter((status) => status === 503).length, 8);
  for (const controller of controllers) controller.abort();
});

test('the console is served when it is built, and its absence is explained', async () => {
  const missing = await fetch(`${box.url}/`);
  assert.equal(missing.status, 503);
  assert.match(await missing.text(), /npm start/);
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-console-'));
  await writeFile(join(folder, 'index.html'), '<title>Console</title>');
  const other = await startPaperBox(folder);
  assert.match(await (await fetch(`${other.url}/`)).text(), /Console/);
  await other.stop();
  await rm(folder, { recursive: true });
});

test('a busy port and a foreign address are refused with the remedy', async () => {
  const start = (host: string, port: number): Promise<unknown> =>
    startServer({ subscribe: () => () => undefined } as unknown as BoxFace, { host, port, console: '/nonexistent', log: () => undefined });
  const port = Number(new URL(box.url).port);
  await assert.rejects(
    start('127.0.0.1', port),
    (error) =>
      error instanceof Problem && error.code === 'port-busy' && error.message.includes(String(port)) && /--port/.test(error.remedy),
  );
  await assert.rejects(
    start('192.0.2.1', 0),
    (error) => error instanceof Problem && error.code === 'host-unknown' && /--host/.test(error.remedy),
  );
});

/** fetch does not let the Host header be chosen. */
function statusWithHost(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${box.url}/api/status`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end();
  });
}
