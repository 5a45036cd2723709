/** Kernels and curve kernels over exports of the wasm modules. `./node.js` loads these on Node; it is apart so that browsers can take this. */
export { createCurveKernels, type WasmCurveKernels } from './curve-kernels.js';
export { createWasmKernels, type WasmExports } from './kernels.js';
