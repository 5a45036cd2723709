export { Till, type HoldState, type Slip, type TillOptions } from './till.js';
