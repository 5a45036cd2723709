export * from './curve-kernels.js';
export * from './duplicate-filter.js';
export * from './ecvrf.js';
export * from './kernels.js';
export * from './route-table.js';
