export * from './content.js';
export * from './journal.js';
export * from './state-folder.js';
