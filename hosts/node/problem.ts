/** A failure that a person can act upon. It is shown as two sentences, never as a stack trace. */
export class Problem extends Error {
  /** Stable, kebab-case: what a test, a log and a script can name. */
  readonly code: string;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EACCES`, ...), or an empty string. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** What went wrong in words, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
