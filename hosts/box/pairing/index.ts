export * from './pairing.js';
