/** `npm start` as its user runs it: real processes, a real pty between box and board, the daemon's real HTTP interface. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import test from 'node:test';
import type { FileInfo, Island } from '../../hosts/box/api/index.js';
import { cutVertices, distances, makeTopology, usableGraph } from '../../hosts/sim/index.js';

const SEED = 1;
const BOARDS = 9;
/** The whole job takes about a minute; a machine that is busy with other tests takes longer. */
const PATIENCE = 300_000;

class Run {
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #wake: () => void = () => {};

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, ['hosts/cli/setup/bootstrap.mjs', 'hosts/cli/start/main.ts', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.errors.push(line));
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code) => {
        resolve(code);
        this.#wake();
      }),
    );
  }

  /** The first line that matches, once it is there. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    void this.ended.then(() => (over = true));
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (over) assert.fail(`no line like ${pattern.source}:\n${[...this.lines, ...this.errors].join('\n')}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }
}

/** A board on a shortest way between the two that stand farthest apart, without which the others still hold together. */
function expendable(): number {
  const graph = usableGraph(makeTopology(`island:${BOARDS}`, { seed: SEED }));
  const all = graph.map((_, from) => distances(graph, from));
  const diameter = Math.max(...all.flatMap((row) => [...row]));
  const from = all.findIndex((row) => row.includes(diameter));
  const to = all[from]!.indexOf(diameter);
  const cut = new Set(cutVertices(graph));
  const between = [...graph.keys()].filter((board) => board !== from && board !== to && !cut.has(board));
  between.sort((a, b) => all[from]![a]! + all[to]![a]! - all[from]![b]! - all[to]![b]!);
  return between[0]!;
}

test(
  'the main job: text and photograph cross three hops or more, and a board that dies on the way does not stop them',
  { timeout: PATIENCE },
  async () => {
    const run = new Run('--port', '0', '--seed', String(SEED), '--boards', String(BOARDS));
    try {
      const victim = expendable();
      const [, id, pid] = await run.line(new RegExp(`^  board ${victim} \\((\\w+)\\)  process (\\d+)$`));
      const [, url] = await run.line(/^console: (http:\/\/\S+)$/);
      await run.line(/^text: «.+» delivered/);
      await run.line(/^ {2}beach\.jpg: \d+ of \d+ blocks$/);
      process.kill(Number(pid), 'SIGKILL');
      await run.line(new RegExp(`^board ${victim} .* went dark`));
      const [, hops] = await run.line(/^ {2}hops +(\d+), /);
      assert.ok(Number(hops) >= 3, `only ${hops} hops`);

      const beach = readFileSync('hosts/cli/start/beach.jpg');
      const sha256 = createHash('sha256').update(beach).digest('hex');
      const files = (await (await fetch(`${url}/api/files`)).json()) as FileInfo[];
      assert.equal(files.find((file) => file.sha256 === sha256)?.state, 'complete');
      const arrived = Buffer.from(await (await fetch(`${url}/api/files/${sha256}`)).arrayBuffer());
      assert.ok(arrived.equals(beach), 'the photograph at the box differs');

      await run.line(/^The island stays up/);
      for (let state: string | undefined = 'up'; state === 'up'; await new Promise((resolve) => setTimeout(resolve, 500))) {
        const island = (await (await fetch(`${url}/api/island`)).json()) as Island;
        state = island.nodes.find((node) => node.id === id)?.state;
        assert.ok(island.nodes.length >= BOARDS, `${island.nodes.length} nodes are known`);
      }
      run.stop();
      assert.equal(await run.ended, 0, run.errors.join('\n'));
    } finally {
      run.stop();
      await run.ended;
    }
  },
);

test('wrong flags are refused by name, with the remedy and without a stack trace', { timeout: PATIENCE }, async () => {
  for (const [args, says] of [
    [['--bords', '9'], /unknown option '--bords'.*--boards/s],
    [['--boards', 'many'], /--boards.*whole number from 5 to 200/s],
    [['--loss', '2'], /--loss.*number from 0 to 0\.9/s],
    [['--radio', '/dev/ttyUSB0', '--boards', '9'], /--radio.*cannot be used with.*--boards/s],
  ] as const) {
    const run = new Run(...args);
    assert.equal(await run.ended, 2, args.join(' '));
    const said = run.errors.join('\n');
    assert.match(said, says);
    assert.doesNotMatch(said, /^\s+at /m);
  }
});

test('a port that is taken is named, with what to do', { timeout: PATIENCE }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const run = new Run('--port', String(port), '--once');
    assert.equal(await run.ended, 1);
    const said = run.errors.join('\n');
    assert.match(said, new RegExp(String(port)));
    assert.match(said, /--port/);
    assert.doesNotMatch(said, /^\s+at /m);
  } finally {
    server.close();
  }
});
