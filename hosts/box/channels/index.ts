export { Engine, type EngineOptions, type Result } from './engine.js';
export { Ledger, type Income, type Payment } from './ledger.js';
