/** Every implementation of Kernels, for tests that run over all of them: the oracle, wasm, and C under the sanitisers. */
import { buildKernels } from '../../assembly/build.mjs';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import { startCKernels } from './c-kernels.js';

export interface Implementations {
  readonly oracle: Kernels;
  readonly all: readonly Kernels[];
  close(): void;
}

export async function implementations(): Promise<Implementations> {
  await buildKernels();
  const oracle = createKernels();
  const c = await startCKernels();
  return { oracle, all: [oracle, loadWasmKernels().kernels, c.kernels], close: c.close };
}
