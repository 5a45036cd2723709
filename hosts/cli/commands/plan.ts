import { makePlan, reportOf, writePlan } from '../../field/plan/index.js';
import { Problem } from '../../node/index.js';
import type { Context } from '../program.js';

export interface PlanFlags {
  readonly elevation: string;
  readonly country: string;
  readonly out: string;
  readonly lora?: boolean;
  readonly sunshine: string;
  readonly darkDays: string;
}

/** Works without a daemon and without Internet. */
export async function plan({ out }: Context, places: string, flags: PlanFlags): Promise<void> {
  const made = await makePlan({
    places,
    elevation: flags.elevation,
    country: flags.country,
    lora: flags.lora === true,
    sunshine: between('--sunshine', flags.sunshine, 0.05, 1),
    darkDays: between('--dark-days', flags.darkDays, 1, 14),
  });
  const files = await writePlan(made, flags.out);
  const { region, places: found, network, ranges, lists, totals, coverage } = made;
  const answer = { region, places: found, network, ranges, lists, totals, covered: coverage.covered, files };
  out.answer(answer, `${reportOf(made)}\n\nWritten: ${files.join(', ')}`);
}

function between(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Problem('usage', `"${text}" is no value of ${flag}`, `Give a number from ${least} to ${most}.`);
}
