export { createNativeKernels, type NativeKernels, type NativeOptions } from './kernels.js';
