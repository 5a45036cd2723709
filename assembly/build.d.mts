/** Types of build.mjs, which stays plain JavaScript so that set-up can run it before anything is compiled. */
export interface BuiltKernels {
  /** Folder of <module>.wasm, mb_wasm_<module>.c and .h, for the modules `kernels` and `tables`. */
  readonly output: string;
  /** For the C compiler. */
  readonly include: readonly string[];
  readonly sources: readonly string[];
  /** The XS binding: needs XS's headers as well. */
  readonly binding: string;
  readonly cflags: readonly string[];
}
export interface BuildOptions {
  readonly log?: (line: string) => void;
  /** Folder of the AssemblyScript. */
  readonly directory?: string;
  /** Where to. */
  readonly target?: string;
}
export function buildKernels(options?: BuildOptions): Promise<BuiltKernels>;
export const output: string;
export const CFLAGS: readonly string[];
export class KernelBuildError extends Error {}
export function checkSources(sources: readonly { readonly name: string; readonly text: string }[]): void;
export function checkModule(name: string, wasm: Uint8Array): void;
