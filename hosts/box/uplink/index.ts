export { startUplink } from './service.js';
export type { Gate } from './gate.js';
export { Sales } from './sales.js';
