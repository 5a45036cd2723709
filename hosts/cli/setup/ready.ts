/** Everything a job needs, built or found: system packages, kernels, the XS engine, the firmware bundle, the pages. Each step is cached by its inputs. */
import { ensureSystemPackages, SetUpError, type Goal } from './set-up.js';

type Log = (line: string) => void;

/** Ends the process with a plain message if something is missing that a person must mend. */
export async function ensureReady(goal: Goal, log: Log): Promise<void> {
  try {
    ensureSystemPackages(goal, log);
    for (const [name, step] of steps) {
      log(`set-up: ${name}`);
      await step(log);
    }
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    console.error(`set-up: ${error.message}`);
    process.exit(1);
  }
}

const steps: readonly (readonly [name: string, step: (log: Log) => Promise<unknown>])[] = [
  ['the XS engine and its host', async (log) => (await import('../../xs/build.mjs')).buildXs({ log })],
  ['the console page', async (log) => (await import('../../web/build.mjs')).buildWeb({ log })],
  ['the phone app', async (log) => (await import('../../web/build.mjs')).buildWeb({ page: 'app', log })],
  ['the contracts', async (log) => (await import('../../contracts/build.js')).buildContracts({ log })],
];
