export { Access, proofDigest, type Proof } from './access.js';
export { proofText } from './proof.js';
export { hexOf, proofSchema } from './schema.js';
