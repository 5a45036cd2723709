/**
 * `npm run bench:flash`: 100 boards on a line that spoils 5 % of the octets, and 50 cables pulled at random points of an update, against the ROM loader.
 *
 *   npm run bench:flash -- [--runs N] [--cuts N] [--json]
 */
import { parseArgs } from 'node:util';
import { flashBoard } from '../../hosts/field/flash/index.js';
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { RomLine, spoiltShare } from './rom-line.js';
import { RomLoader } from './rom-loader.js';
import { bundle } from './sample-bundle.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100' }, cuts: { type: 'string', default: '50' }, json: { type: 'boolean', default: false } },
});
const [runs, cuts] = [Number(values.runs), Number(values.cuts)];
const [old, fresh] = [await bundle('esp32c6', 1), await bundle('esp32c6', 2)];
/** Milliseconds: the simulated ROM answers at once, so a lost frame need not be waited for longer. */
const PATIENCE = 20;
const starts = (rom: RomLoader, app: Uint8Array): boolean => Buffer.from(rom.boot()?.app ?? []).equals(Buffer.from(app));

let verified = 0;
let octets = 0;
const shares: number[] = [];
for (let seed = 1; seed <= runs; seed += 1) {
  const rom = new RomLoader('esp32c6');
  spoiltShare();
  const line = new RomLine(rom, { noise: { share: 0.05, burst: 100, seed } });
  await flashBoard(line, old, { device: `run ${seed}`, patience: PATIENCE }).catch((error: unknown) =>
    console.log(`run ${seed}: ${String(error)}`),
  );
  shares.push(spoiltShare());
  octets += line.sent;
  if (starts(rom, old.images.app)) verified += 1;
}
const total = Object.values(old.images).reduce((sum, { length }) => sum + length, 0);
const mean = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, runs);
console.log(
  `bad line      ${verified} of ${runs} boards verified; ${(100 * mean).toFixed(1)} % of the octets spoilt in bursts of 100 (${(100 * Math.min(...shares)).toFixed(1)} to ${(100 * Math.max(...shares)).toFixed(1)} %)`,
);
console.log(`              ${(octets / Math.max(1, runs) / total).toFixed(2)} octets sent for each octet of the bundle`);

const installed = new RomLoader('esp32c6');
await flashBoard(new RomLine(installed), old, { device: 'first', patience: PATIENCE });
const clean = new RomLine(new RomLoader('esp32c6', 4, installed.flash.slice()));
await flashBoard(clean, fresh, { device: 'clean', patience: PATIENCE });
const random = new RandomStream('pulled cables', 1);
let [resumed, oldStarted, saved] = [0, 0, 0];
for (let cut = 0; cut < cuts; cut += 1) {
  const rom = new RomLoader('esp32c6', 4, installed.flash.slice());
  const why = await flashBoard(new RomLine(rom, { pullAfter: random.below(clean.sent) }), fresh, {
    device: `cut ${cut}`,
    patience: PATIENCE,
  }).then(() => 'nothing', String);
  const started = starts(rom, old.images.app) || starts(rom, fresh.images.app);
  if (started) oldStarted += 1;
  const line = new RomLine(rom);
  await flashBoard(line, fresh, { device: `again ${cut}`, patience: PATIENCE });
  if (starts(rom, fresh.images.app) && /pulled/.test(why)) resumed += 1;
  else console.log(`cut ${cut}: ${why}`);
  saved += 1 - line.sent / clean.sent;
}
console.log(
  `pulled cable  ${resumed} of ${cuts} went on to the end; in ${oldStarted} a whole firmware started in between; ${((100 * saved) / Math.max(1, cuts)).toFixed(0)} % of the octets were not sent twice`,
);
if (values.json) console.log(JSON.stringify({ runs, verified, spoiltShare: mean, cuts, resumed, startedBetween: oldStarted }));
process.exitCode = verified === runs && resumed === cuts && oldStarted === cuts ? 0 : 1;
