export * from './bundle.js';
export * from './chips.js';
export { readImage, writeImage, type EspImage } from './esp-image.js';
export * from './flash.js';
export { decodePartitions, encodePartitions, parsePartitions, slotsOf, type Partition } from './partition-table.js';
export { SerialLine } from './serial-line.js';
export * from './trust.js';
