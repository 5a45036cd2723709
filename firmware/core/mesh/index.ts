export { Announcements } from './announcements.js';
export { emptyEntry } from './empty-entry.js';
export * from './mesh.js';
export * from './mesh-inputs.js';
export { Requests } from './requests.js';
export { isNewer } from './sequence.js';
export { UpdateSync } from './update-sync.js';
