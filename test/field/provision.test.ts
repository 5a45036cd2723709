/** Binding boards over the serial protocol, with real board processes on XS: keys made on the board, one register, two boards with one key, a stolen box replaced. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../hosts/cli/program.js';
import { labelOf, Register } from '../../hosts/field/provision/index.js';
import { regionOf } from '../../hosts/field/region.js';
import { startBoardProcess, type BoardProcess } from '../../hosts/xs/board-process.js';
import { bundleFirmware } from '../../hosts/xs/build.mjs';

let folder: string;
let bundle: string;
const boards: BoardProcess[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshbox-provision-'));
  bundle = await bundleFirmware();
});
after(async () => {
  for (const board of boards) board.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Switches a board on, drives its clock, and answers its serial device. */
async function board(name: string): Promise<string> {
  const started = await startBoardProcess({ profile: 'esp32c3', bundle, stateDir: join(folder, name), serial: true });
  boards.push(started);
  return started.serialPath!;
}

async function meshbox(...args: string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const stream = { write: (text: string) => ((said += text), true) } as unknown as NodeJS.WritableStream;
  const code = await run([...args, '--register', join(folder, 'island')], { stdout: stream, stderr: stream });
  return { code, said };
}

test(
  'boards are bound by the keys that they made, copies and names in use are refused, and a stolen box is replaced',
  { timeout: 120_000 },
  async () => {
    const first = await board('first');
    const made = await meshbox('provision', '--port', first, '--name', 'Port Sand', '--role', 'gateway', '--country', 'VU', '--json');
    assert.equal(made.code, 0, made.said);
    const answer = JSON.parse(made.said) as { id: string; label: string; grant: { key: string; eirp: number } };
    assert.match(answer.id, /^[0-9a-f]{16}$/);
    assert.equal(answer.grant.eirp, 20);
    assert.match(await readFile(answer.label, 'utf8'), /Port Sand[^]*gateway[^]*20 dBm/);

    const again = await meshbox('provision', '--port', first, '--name', 'Another');
    assert.equal(again.code, 1);
    assert.match(again.said, /is Port Sand already[^]*copy/);

    await cp(join(folder, 'first'), join(folder, 'copy'), { recursive: true });
    const copied = await meshbox('provision', '--port', await board('copy'), '--name', 'Copy');
    assert.equal(copied.code, 1);
    assert.match(copied.said, /is Port Sand already/);

    const second = await board('second');
    const taken = await meshbox('provision', '--port', second, '--name', 'Port Sand');
    assert.match(taken.said, /called Port Sand/);
    const replaced = await meshbox('replace', 'Port Sand', '--because', 'stolen', '--port', second, '--json');
    assert.equal(replaced.code, 0, replaced.said);
    const successor = JSON.parse(replaced.said) as { grant: { name: string; role: string; key: string }; boxes: unknown[] };
    assert.deepEqual([successor.grant.name, successor.grant.role, successor.boxes.length], ['Port Sand', 'gateway', 1]);
    assert.notEqual(successor.grant.key, answer.grant.key);
    const thief = await meshbox('provision', '--port', first, '--name', 'Thief');
    assert.match(thief.said, /was revoked/);

    const register = await Register.open(join(folder, 'island'));
    assert.deepEqual(
      register.entries.map(({ kind }) => kind),
      ['grant', 'revoke', 'grant'],
    );
    const unknown = await meshbox('replace', 'Nowhere', '--alone');
    assert.match(unknown.said, /Its boxes: Port Sand/);
  },
);

test('a register with one changed, missing or moved record is refused', async () => {
  const place = join(folder, 'register');
  let register = await Register.open(place);
  for (const [index, name] of ['A', 'B', 'C'].entries())
    register = await register.grant(`02${'0'.repeat(63)}${index}`, name, 'box', regionOf('AU'));
  const file = join(place, 'register');
  const good = await readFile(file, 'utf8');
  const [a, b, c] = good.trim().split('\n');
  for (const bad of [
    good.replace('"A"', '"Z"'),
    good.replace('"eirp":36', '"eirp":39'),
    `${a}\n${c}\n`,
    `${b}\n${a}\n${c}\n`,
    `${a}\nnonsense\n`,
  ]) {
    await writeFile(file, bad);
    await assert.rejects(Register.open(place), { code: 'register-damaged' });
  }
  await writeFile(file, good);
  assert.equal((await Register.open(place)).boxes().length, 3);
});

test('a label escapes its name and carries the whole key', () => {
  const svg = labelOf({
    kind: 'grant',
    number: 1,
    key: `03${'ab'.repeat(32)}`,
    name: '<A&B>',
    role: 'relay',
    country: '??',
    eirp: 20,
    channels: 11,
  });
  assert.ok(!svg.includes('<A&B>') && svg.includes('&#60;A'));
  assert.ok((svg.match(/h1v1h-1z/g) ?? []).length > 300);
});
