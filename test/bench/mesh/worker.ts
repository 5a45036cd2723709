/** One worker of the bench: takes a case and a seed, answers its figures. */
import { cases, userCase } from './cases.js';
import type { Outcome } from './scenarios.js';

export interface Job {
  readonly name: string;
  readonly seed: number;
  readonly file?: string | undefined;
}

export type Answer = { readonly job: Job; readonly seconds: number } & ({ readonly outcome: Outcome } | { readonly error: string });

process.on('message', (job: Job) => {
  const start = process.cpuUsage();
  const seconds = (): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  const each = job.file === undefined ? cases.find(({ name }) => name === job.name)! : userCase(job.file);
  each.run(job.seed).then(
    (outcome) => process.send!({ job, seconds: seconds(), outcome } satisfies Answer),
    (error: unknown) => process.send!({ job, seconds: seconds(), error: String(error instanceof Error ? (error.stack ?? error) : error) }),
  );
});
