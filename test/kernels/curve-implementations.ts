/** Every implementation of CurveKernels, for tests that run over all of them. */
import { after } from 'node:test';
import { buildKernels } from '../../assembly/build.mjs';
import type { WasmCurveKernels } from '../../assembly/wasm/index.js';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { createCurveKernels } from '../../firmware/core/crypto/index.js';
import type { CurveKernels } from '../../firmware/core/ports/index.js';
import { startCKernels } from './c-kernels.js';

export interface CurveImplementations {
  readonly oracle: CurveKernels;
  readonly wasm: WasmCurveKernels;
  readonly all: readonly CurveKernels[];
}

/** The process of the C kernels ends after the test file's tests. */
export async function curveImplementations(): Promise<CurveImplementations> {
  await buildKernels();
  const oracle = createCurveKernels();
  const wasm = loadWasmKernels().curve;
  const c = await startCKernels();
  after(() => c.close());
  return { oracle, wasm, all: [oracle, wasm, c.kernels] };
}
