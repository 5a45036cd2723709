export * from './airtime-budget.js';
export * from './counters.js';
export * from './link.js';
export * from './link-kind.js';
export { COST_INFINITE, HISTORY_BITS, linkCost, PERFECT, recordChances, share, worthTelling } from './link-quality.js';
export * from './neighbour-table.js';
export { EVERYONE, Outbox } from './outbox.js';
export * from './serial-line.js';
