export { makePlan, writePlan, ranges, type Plan, type PlanOptions } from './plan.js';
export { reportOf } from './report.js';
