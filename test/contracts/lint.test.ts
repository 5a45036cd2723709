/** solhint finds nothing in the contracts, and does find what is planted. Names follow the original's interface, so its rules for names are off. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

interface Finding {
  readonly ruleId: string;
  readonly filePath: string;
  readonly line: number;
}

async function lint(files: string): Promise<Finding[]> {
  const args = ['node_modules/solhint/solhint.js', '-c', 'hosts/contracts/.solhint.json', '--noPrompt', '--disc', '-f', 'json', files];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 60_000 }).catch(
    (error: { stdout: string }) => error,
  );
  const found = JSON.parse(stdout.slice(stdout.indexOf('['), stdout.lastIndexOf(']') + 1)) as (Finding | { conclusion: string })[];
  return found.filter((each): each is Finding => 'ruleId' in each);
}

test('solhint finds nothing in the contracts', async () => {
  assert.deepEqual(await lint('hosts/contracts/sol/*.sol'), []);
});

test('solhint finds a planted fault', async (t) => {
  // Below the project: solhint looks at nothing outside.
  const folder = '.build/solhint-planted';
  await mkdir(join(root, folder), { recursive: true });
  t.after(() => rm(join(root, folder), { recursive: true }));
  const planted = 'contract Planted {\n    function who() external view returns (address) {\n        return tx.origin;\n    }\n}\n';
  await writeFile(
    join(root, folder, 'Planted.sol'),
    `// SPDX-License-Identifier: LGPL-3.0-or-later\npragma solidity 0.8.37;\n\n${planted}`,
  );
  assert.deepEqual(
    (await lint(`${folder}/*.sol`)).map(({ ruleId }) => ruleId),
    ['avoid-tx-origin'],
  );
});
