/** The contracts, for hosts: typed faces, and the code that is deployed. */
export * from './abi.js';
export { buildContracts, type Artifact, type ContractName } from './build.js';
export { makeSnapshot, type Claim, type Holding } from './snapshot.js';
export { readWeights, type ContractWeight } from './weights.js';
