/**
 * `npm run bench:content [-- --json] [-- --quick] [-- --fault]`: the content store beside ipfs-unixfs-importer, -exporter and blockstore-fs, with the same
 * profile on the same file in memory (/dev/shm), each measurement in a fresh process, in turns. Both sides get the same CID. Ours checks every
 * octet against its hash on reading and syncs what it adds; theirs does neither.
 */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const flags = process.argv.slice(2);
const quick = flags.includes('--quick');
const MIB = quick ? 64 : 256;
const ROUNDS = quick ? 1 : 3;
/** What the store has to reach, and the memory it may take at its peak. */
const WANTED = { add: 1.2, read: 4, range: 5 } as const;
const RSS_MB = 100;

interface Measured {
  readonly cid: string;
  readonly mbps: number;
  readonly rss_mb: number;
}
type What = keyof typeof WANTED;

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'meshbox-bench-'));
try {
  const side = join('.build', 'bench', 'content-side.mjs');
  await build({
    entryPoints: ['test/bench/content-side.ts'],
    outfile: side,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    packages: 'external',
  });
  const file = join(folder, 'file');
  const handle = openSync(file, 'w');
  for (let i = 0; i < MIB; i += 1) writeSync(handle, randomFillSync(Buffer.alloc(2 ** 20)));
  closeSync(handle);

  const mine = flags.includes('--fault') ? 'fault' : 'ours';
  const run = (who: string, what: What, cid: string, round: number): Measured => {
    const place = join(folder, who, String(what === 'add' ? round : 0));
    const ran = spawnSync(process.execPath, [side, who, what, file, place, cid], { encoding: 'utf8', timeout: 120_000 });
    if (ran.status !== 0) throw new Error(ran.stderr);
    return JSON.parse(ran.stdout) as Measured;
  };
  const best: Record<What, { ours: number; theirs: number; ours_rss: number; theirs_rss: number }> = {
    add: none(),
    read: none(),
    range: none(),
  };
  let cid = '';
  for (const what of ['add', 'read', 'range'] as const) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ours, theirs] = [run(mine, what, cid, round), run('theirs', what, cid, round)];
      if (ours.cid !== theirs.cid) throw new Error(`${ours.cid} is not ${theirs.cid}`);
      cid = ours.cid;
      const sums = best[what];
      sums.ours = Math.max(sums.ours, ours.mbps);
      sums.theirs = Math.max(sums.theirs, theirs.mbps);
      sums.ours_rss = Math.max(sums.ours_rss, ours.rss_mb);
      sums.theirs_rss = Math.max(sums.theirs_rss, theirs.rss_mb);
    }
  }
  const rss_mb = Math.round(Math.max(...Object.values(best).map(({ ours_rss }) => ours_rss)));
  const answer = { octets: MIB * 2 ** 20, cid, add: figures('add'), read: figures('read'), range: figures('range'), rss_mb };
  function figures(what: What): { ours_mbps: number; theirs_mbps: number; ratio: number; theirs_rss_mb: number } {
    const { ours, theirs, theirs_rss } = best[what];
    return {
      ours_mbps: Math.round(ours),
      theirs_mbps: Math.round(theirs),
      ratio: Number((ours / theirs).toFixed(2)),
      theirs_rss_mb: Math.round(theirs_rss),
    };
  }
  const failed = (['add', 'read', 'range'] as const).filter((what) => answer[what].ratio < WANTED[what]);
  console.log(`${MIB} MiB, best of ${ROUNDS}      ours MiB/s  theirs MiB/s  ratio  wanted  their peak MB`);
  for (const what of ['add', 'read', 'range'] as const) {
    const { ours_mbps, theirs_mbps, ratio, theirs_rss_mb } = answer[what];
    console.log(
      `${what.padEnd(26)}${String(ours_mbps).padStart(9)}${String(theirs_mbps).padStart(14)}${String(ratio).padStart(7)}${String(WANTED[what]).padStart(8)}${String(theirs_rss_mb).padStart(15)}`,
    );
  }
  console.log(`our peak memory ${rss_mb} MB, at most ${RSS_MB}`);
  for (const what of failed) console.log(`not reached: ${what}`);
  if (flags.includes('--json')) console.log(JSON.stringify(answer));
  process.exitCode = failed.length === 0 && rss_mb <= RSS_MB ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function none(): { ours: number; theirs: number; ours_rss: number; theirs_rss: number } {
  return { ours: 0, theirs: 0, ours_rss: 0, theirs_rss: 0 };
}
