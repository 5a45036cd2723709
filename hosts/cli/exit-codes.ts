/** What the exit code of `meshbox` says; a script can rely on it. */
export const Exit = {
  Ok: 0,
  /** The thing asked for failed; the message says why. */
  Failed: 1,
  /** The command line was wrong: unknown flag, missing or bad argument. */
  Usage: 2,
  /** No daemon answers at the API address. */
  Unreachable: 3,
  /** Sent, but nothing came back in time: it may still arrive. */
  Unknown: 4,
  /** No such node, message or file. */
  NotFound: 5,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** Exit code of a Problem by its code; any other is `Failed`. */
export const exitOf: Readonly<Record<string, Exit>> = {
  usage: Exit.Usage,
  'bad-address': Exit.Usage,
  'bad-request': Exit.Usage,
  unreachable: Exit.Unreachable,
  'no-answer': Exit.Unknown,
  'not-found': Exit.NotFound,
  'no-such-node': Exit.NotFound,
  'ambiguous-node': Exit.NotFound,
};
