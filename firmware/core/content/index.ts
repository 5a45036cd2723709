export * from './content-fetch.js';
export * from './content-holder.js';
export type * from './content-inputs.js';
export { UNIT } from './units.js';
