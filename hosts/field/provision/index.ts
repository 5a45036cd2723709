export { greet } from './board-line.js';
export { labelOf } from './label.js';
export { boxRoles, idOf, Register, type BoxRole, type Grant, type Revocation } from './register.js';
