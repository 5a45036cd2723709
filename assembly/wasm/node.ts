/** The wasm kernels on Node, from what assembly/build.mjs has made. Each call makes instances of its own: one per thread of jobs. */
import { readFileSync } from 'node:fs';
import { CodedError } from '../../firmware/core/base/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import { createCurveKernels, type WasmCurveKernels } from './curve-kernels.js';
import { createWasmKernels } from './kernels.js';

/** As much as is used: the zones of the project have no common library that declares it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

function load(name: string): unknown {
  const file = new URL(`../../.build/kernels/${name}.wasm`, import.meta.url);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new CodedError('kernels-not-built', 'run node assembly/build.mjs');
  }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}

export function loadWasmKernels(): { readonly kernels: Kernels; readonly curve: WasmCurveKernels } {
  const kernels = load('kernels');
  return { kernels: createWasmKernels({ kernels, tables: load('tables') }), curve: createCurveKernels(kernels) };
}
