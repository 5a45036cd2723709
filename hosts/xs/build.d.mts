/** Types of build.mjs, which stays plain JavaScript so that set-up can run it before anything is compiled. */
export function buildXs(options?: { log?: (line: string) => void }): Promise<{
  executable: string;
  bits: 32 | 64;
  /** Sources that were stale. */
  compiled: number;
}>;
export function bundleForXs(options: ({ entry: string } | { source: string }) & { output: string }): Promise<void>;
/** Path of the bundle of the board's firmware, freshly made. */
export function bundleFirmware(): Promise<string>;
