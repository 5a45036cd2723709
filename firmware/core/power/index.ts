export * from './battery.js';
export { duties, energyPenalty, levels, type Duty, type Level } from './levels.js';
export * from './power.js';
