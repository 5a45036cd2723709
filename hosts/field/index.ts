export { makePlan, writePlan, ranges, type Plan, type PlanOptions } from './plan/plan.js';
export { reportOf } from './plan/report.js';
export { regionOf, type Region } from './region.js';
