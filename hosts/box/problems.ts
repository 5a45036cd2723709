/** What a person should see to, for as long as the daemon runs: each once, in the log and in the status. */
import { messageOf, Problem, systemCode } from '../node/index.js';
import type { Trouble } from './api/index.js';

export class Problems {
  readonly #found = new Map<string, Problem>();
  readonly #state: string;
  readonly #log: (line: string) => void;
  readonly #changed: () => void;

  /** @param state the state folder, which most of them are about */
  constructor(state: string, log: (line: string) => void, changed: () => void) {
    this.#state = state;
    this.#log = log;
    this.#changed = changed;
  }

  report(problem: Problem): void {
    if (this.#found.has(problem.message)) return;
    this.#found.set(problem.message, problem);
    this.#log(`problem: ${problem.message}. ${problem.remedy}`);
    this.#changed();
  }

  /** Something could not be written or read. The daemon goes on: the mesh needs it, and what is not stored is not acknowledged. */
  readonly failed = (error: unknown): void => {
    const remedy = 'then restart the daemon.';
    if (systemCode(error) === 'ENOSPC')
      this.report(new Problem('disk-full', `the disk of the state folder ${this.#state} is full`, `Free some space on it, ${remedy}`));
    else
      this.report(
        new Problem(
          'state-write',
          `the state folder ${this.#state} cannot be used: ${messageOf(error)}`,
          `Check the disk and its permissions, ${remedy}`,
        ),
      );
  };

  list(): Trouble[] {
    return [...this.#found.values()].map(({ code, message, remedy }) => ({ code, message, remedy }));
  }
}
