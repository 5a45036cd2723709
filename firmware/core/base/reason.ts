/**
 * Why bytes from outside were refused. A decoder returns one of these (a negative number) instead of throwing; each is counted.
 * The names are the wire's: a log, a test and a counter use the same word.
 */
export const Reason = {
  Truncated: -1,
  TrailingBytes: -2,
  WrongType: -3,
  OutOfBounds: -4,
  NotDeterministic: -5,
  MissingKey: -6,
  DuplicateKey: -7,
  OtherVersion: -8,
  BadChecksum: -9,
  TooLong: -10,
  BadUtf8: -11,
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

const names = Object.keys(Reason) as (keyof typeof Reason)[];

/** The name of a reason, for a log or a counter. */
export function reasonName(reason: Reason): keyof typeof Reason {
  return names[-reason - 1]!;
}
