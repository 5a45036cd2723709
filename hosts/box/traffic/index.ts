export * from './address-text.js';
export * from './files.js';
export * from './station.js';
export * from './texts.js';
