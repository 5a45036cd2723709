/** An error of our own misuse, with a stable code that a caller, a test and a log can name. Never thrown for bytes from outside. */
export class CodedError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
