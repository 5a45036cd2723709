/** The drill ends within six simulated hours with a message between two phones; the field guide is what the steps and the tools give. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { languages, steps } from '../../hosts/field/guide/steps.js';
import { guide } from '../../hosts/field/guide/write.js';

test('the drill goes from sealed boxes to a message within six hours', { timeout: 180_000 }, async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'test/field/drill.ts', '--quick', '--json', '--language', 'bi'],
    {
      timeout: 170_000,
      maxBuffer: 1 << 22,
    },
  );
  const end = JSON.parse(stdout.trim().split('\n').at(-1)!) as { minutes: number; steps: unknown[]; left: string[] };
  assert.ok(end.minutes > 180 && end.minutes <= 360, `${end.minutes} minutes`);
  assert.equal(end.steps.length, steps.length);
  assert.ok(end.left.some((each) => each.startsWith('payment')));
  for (const { says } of steps) assert.ok(stdout.includes(says.bi), 'an instruction was not read out');
});

test('the field guide is fresh, and says every step in every language', async () => {
  for (const [name, content] of await guide()) {
    const written = await readFile(new URL(`../../hosts/field/guide/${name}`, import.meta.url), 'utf8');
    assert.equal(written, content, `${name} is stale: node --import tsx hosts/field/guide/write.ts`);
  }
  for (const step of steps)
    for (const language of languages)
      assert.ok(step.title[language].length > 0 && step.says[language].length > 40, `${step.id} in ${language}`);
});
