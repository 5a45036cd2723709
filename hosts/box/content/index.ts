export * from './age.js';
export * from './car.js';
export * from './dag.js';
export * from './downloads.js';
export * from './fetch-http.js';
export * from './local.js';
export * from './mesh.js';
export * from './service.js';
