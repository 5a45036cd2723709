/** Types of build.mjs, which stays plain JavaScript so that set-up can run it before anything is compiled. */
export function buildXs(options?: { log?: (line: string) => void }): Promise<{
  executable: string;
  bits: 32 | 64;
  /** Sources that were stale. */
  compiled: number;
}>;
/** A bare-metal image: with a profile, a board whose bundle exports `start`; without, a measurement whose bundle exports `run`. */
export function buildXsRv32(options: {
  bundle: string;
  name: string;
  profile?: 'esp32c3' | 'esp32c6';
  log?: (line: string) => void;
}): Promise<{
  elf: string;
  /** Octets of flash: code and constants; what the prepared machine fills. */
  flash: { code: number; root: number };
}>;
export function bundleForXs(options: ({ entry: string } | { source: string }) & { output: string }): Promise<void>;
/** Path of the bundle of the board's firmware, freshly made. */
export function bundleFirmware(): Promise<string>;
