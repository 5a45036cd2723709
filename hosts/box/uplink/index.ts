export { startUplink } from './service.js';
export { proofDigest } from './access.js';
export type { Gate } from './gate.js';
export { Sales } from './sales.js';
