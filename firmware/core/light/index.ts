export type { Account } from './account.js';
export { EFFECTIVE_SECONDS, LightClient } from './light.js';
export type { HeaderFault, LightEffect, LightInput, LightOptions, ProofFault } from './light-inputs.js';
export { NODE_MAX, TrieWalk, type WalkFault, type WalkState } from './trie-walk.js';
