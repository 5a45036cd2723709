/** What commands print: tables and JSON to stdout, progress and problems to stderr. */
import { SingleBar } from 'cli-progress';
import type { Problem } from '../node/index.js';

/** Where a command writes; the process's own streams but in tests. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export interface Output {
  readonly stdout: NodeJS.WritableStream;
  /** One answer: `text` for a person, `value` with --json. */
  answer(value: unknown, text: string): void;
  /** Follows long work with a bar on stderr, if that is a terminal and a person reads. */
  progress(label: string, total: number): Progress;
  /** A step of long work, for a person. */
  note(line: string): void;
  problem(problem: Problem): void;
}

export interface Progress {
  update(done: number): void;
  stop(): void;
}

export function createOutput(json: boolean, { stdout, stderr }: Streams): Output {
  return {
    stdout,
    answer: (value, text) => void stdout.write(json ? `${JSON.stringify(value)}\n` : `${printable(text)}\n`),
    progress(label, total) {
      if (json || stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
      const bar = new SingleBar({
        format: `${printable(label)} {bar} {percentage} % | {value} of {total} octets | {eta} s left`,
        hideCursor: true,
        stream: stderr,
      });
      bar.start(total, 0);
      return { update: (done) => bar.update(done), stop: () => bar.stop() };
    },
    note: (line) => void (json || stderr.write(printable(`${line}\n`))),
    problem({ code, message, remedy }) {
      stderr.write(json ? `${JSON.stringify({ error: { code, message, remedy } })}\n` : printable(`meshbox: ${message}.\n  ${remedy}\n`));
    },
  };
}

/** Names and texts come over the mesh: control characters could drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** Columns aligned by the widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const rightward = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (rightward[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
