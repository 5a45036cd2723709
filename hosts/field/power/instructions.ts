/** What the power machine costs a board: instructions of RV32IMAC in the emulator, an hour of readings one a minute. */
import { join } from 'node:path';
import { buildXsRv32, bundleForXs } from '../../xs/build.mjs';
import { qemu, qemuArguments } from '../../xs/rv32-image.mjs';
import { outputs, run } from '../../xs/toolchain.mjs';

const HOURS = 24;

const source = `
import { Power, lifepo4Cell } from './firmware/core/power/index.ts';
const loads = { off: 5, sos: 70, routing: 640, payments: 660, production: 760, cache: 960 };
export function run(host) {
  const power = new Power({ battery: { capacity: 46000, ...lifepo4Cell }, loads, lockout: 2950, back: 3220, seed: new Uint8Array(16).fill(7) });
  const hour = (at) => {
    const from = host.instructions();
    for (let minute = 0; minute < 60; minute += 1) {
      const day = (at + 6) % 24 < 12;
      power.handle(at * 3600000 + minute * 60000, { type: 'reading', millivolts: day ? 3340 : 3260, charge: day ? 900 : 0, load: 220 });
      while (power.poll() !== undefined);
    }
    return host.instructions() - from;
  };
  let most = 0, sum = 0;
  for (let at = 0; at < ${HOURS}; at += 1) { const cost = hour(at); sum += cost; if (cost > most) most = cost; }
  host.log('mean ' + Math.round(sum / ${HOURS}) + ' most ' + most);
  return 0;
}
`;

export interface HourCost {
  readonly mean: number;
  readonly most: number;
}

/** Needs the RISC-V compiler and emulator (`meshbox doctor`). */
export async function hourCost(): Promise<HourCost> {
  const bundle = join(outputs, 'power.js');
  await bundleForXs({ source, output: bundle });
  const { elf } = await buildXsRv32({ bundle, name: 'power' });
  const options = { timeout: 110_000, killSignal: 'SIGKILL' } as const;
  const { stdout } = await run(qemu, [...qemuArguments(elf, '256M', 'stdio,id=radio,signal=off'), '-serial', 'none'], options);
  const found = /mean (\d+) most (\d+)/.exec(stdout);
  if (!found) throw new Error(`the measurement ended before it was done\n${stdout}`);
  return { mean: Number(found[1]), most: Number(found[2]) };
}
