export { Office, isLetterRecord, LIFE, recordKey, type LetterRecord, type OfficeOptions } from './office.js';
export { startPost } from './service.js';
