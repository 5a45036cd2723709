/** Runs the `meshbox` command, as a process of its own or inside this one. */
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../hosts/cli/program.js';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export const bin = fileURLToPath(new URL('../../hosts/cli/meshbox.mjs', import.meta.url));

export function meshbox(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += String(text)));
    child.stderr.on('data', (text: Buffer) => (err += String(text)));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** The same without a process: a start takes half a second, and there are many command lines. */
export async function inside(args: readonly string[]): Promise<Ran> {
  const [out, err] = [new Collected(), new Collected()];
  const code = await run(args, { stdout: out, stderr: err });
  return { code, out: out.text, err: err.text };
}

class Collected extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

/** It failed as it should: the code, what was wrong, what to do, and nothing of our insides. */
export function assertProblem(ran: Ran, code: number, message: RegExp, remedy: RegExp): void {
  assert.equal(ran.code, code, ran.err + ran.out);
  const [first, second] = ran.err.trimEnd().split('\n').slice(-2);
  assert.match(first!, /^meshbox: .*\.$/, ran.err);
  assert.match(first!, message);
  assert.match(second!, /^ {2}\S/, ran.err);
  assert.match(second!, remedy);
  assert.doesNotMatch(ran.err, /^\s+at |node:internal|node_modules/m, 'no stack trace');
}
