/** Kills a process that works on a store, at random instants, and has the next one compare what is there with what was promised. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** What the killed processes have acknowledged. */
export interface Model {
  /** Files, and parts of folders. */
  added: Record<string, true>;
  deleted: string[];
  /** Of downloads that are not finished. */
  pieces: Record<string, { seed: number; octets: number; pieces: number[] }>;
}

export interface Drilled {
  readonly kills: number;
  readonly wrong: readonly string[];
  readonly promises: number;
}

export async function drill(kills: number, fault = false): Promise<Drilled> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-kill-'));
  const writer = join('.build', 'test', 'kill-writer.mjs');
  await build({
    entryPoints: ['test/content/kill-writer.ts'],
    outfile: writer,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    packages: 'external',
  });
  const model: Model = { added: {}, deleted: [], pieces: {} };
  const trees = new Map<string, readonly string[]>();
  const wrong: string[] = [];
  let promises = 0;
  try {
    for (let kill = 0; kill < kills && wrong.length === 0; kill += 1) {
      await writeFile(join(folder, 'model'), JSON.stringify(model));
      const said = await killed(writer, folder, fault);
      if (!said.includes('ok') && !said.some((line) => line.startsWith('wrong')))
        wrong.push(`kill ${kill}: the next start failed: ${said.join('; ')}`);
      for (const line of said) {
        const [what, cid = '', ...rest] = line.split(' ');
        if (what === 'wrong:') wrong.push(`kill ${kill}: ${line}`);
        promises += 1;
        if (what === 'added') {
          trees.set(cid, rest);
          for (const each of [cid, ...rest]) model.added[each] = true;
          delete model.pieces[cid];
          model.deleted = model.deleted.filter((each) => each !== cid);
        }
        // From here on it may be there or not, and so may its parts; other folders never share them in this drill.
        if (what === 'deleting') {
          for (const each of [cid, ...(trees.get(cid) ?? [])]) delete model.added[each];
          delete model.pieces[cid];
        }
        if (what === 'deleted') model.deleted.push(cid);
        if (what === 'piece') {
          const [seed, octets, piece] = rest.map(Number) as [number, number, number];
          (model.pieces[cid] ??= { seed, octets, pieces: [] }).pieces.push(piece);
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return { kills, wrong, promises };
}

/** What one process said until it was killed, at some instant within a quarter of a second of its work. */
function killed(writer: string, folder: string, fault: boolean): Promise<string[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [writer, join(folder, 'content'), join(folder, 'model'), ...(fault ? ['fault'] : [])]);
    const limit = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let said = '';
    let armed = false;
    child.stdout.on('data', (text: Buffer) => {
      said += String(text);
      if (armed || !/^ok$/m.test(said)) return;
      armed = true;
      setTimeout(() => child.kill('SIGKILL'), Math.random() * 250);
    });
    child.stderr.on('data', (text: Buffer) => (said += `wrong: ${String(text).slice(0, 300).replace(/\n/g, ' ')}\n`));
    child.on('close', () => {
      clearTimeout(limit);
      resolve(said.split('\n').slice(0, -1));
    });
  });
}
