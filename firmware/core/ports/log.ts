/** Log: short lines for a person; never a secret, never message content. */
export interface Log {
  (line: string): void;
}
