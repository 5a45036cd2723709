export * from './clock.js';
export * from './durable.js';
export * from './machine-driver.js';
export * from './problem.js';
export * from './random.js';
export * from './serial.js';
export * from './signer.js';
export * from './store.js';
