/**
 * A test harness that runs the same on Node and on XS: suites register tests, a runner runs them and reports through a callback.
 * Nothing here or in a suite may use more of the engine than firmware/core itself may.
 */
export interface Outcome {
  readonly suite: string;
  readonly test: string;
  /** Undefined if it passed, else what went wrong. */
  readonly failure: string | undefined;
}

interface Test {
  readonly suite: string;
  readonly test: string;
  readonly body: () => void;
}

const tests: Test[] = [];

export function suite(name: string, define: (t: { test(name: string, body: () => void): void }) => void): void {
  define({ test: (test, body) => void tests.push({ suite: name, test, body }) });
}

/** Run everything registered so far; answers the outcomes in order. */
export function runAll(report: (outcome: Outcome) => void): void {
  for (const { suite, test, body } of tests) {
    let failure: string | undefined;
    try {
      body();
    } catch (error) {
      failure = String(error instanceof Error ? error.message : error);
    }
    report({ suite, test, failure });
  }
}

export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Primitives only. */
export function equal<T extends string | number | boolean | bigint | undefined>(actual: T, expected: T, what = ''): void {
  if (actual !== expected) throw new Error(`${what} expected ${String(expected)}, got ${String(actual)}`);
}

/** Octet strings. */
export function same(actual: Uint8Array, expected: Uint8Array, what = ''): void {
  let differs = actual.length !== expected.length;
  for (let i = 0; !differs && i < actual.length; i += 1) differs = actual[i] !== expected[i];
  if (differs) throw new Error(`${what} expected ${text(expected)}, got ${text(actual)}`);
}

/** The body throws an error whose message starts with the code of a CodedError. */
export function throws(body: () => void, code: string): void {
  try {
    body();
  } catch (error) {
    const message = String(error instanceof Error ? error.message : error);
    if (message.startsWith(code)) return;
    throw new Error(`expected ${code}, got ${message}`);
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}

function text(bytes: Uint8Array): string {
  let out = `${bytes.length} octets `;
  for (const byte of bytes.subarray(0, 48)) out += (byte < 16 ? '0' : '') + byte.toString(16);
  return bytes.length > 48 ? out + '…' : out;
}
