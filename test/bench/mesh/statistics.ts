/** Mean and 95 % confidence interval over seeds: Student's t, since ten seeds are few. */
export interface Estimate {
  readonly mean: number;
  /** Half the width of the interval; undefined of a single value. */
  readonly half: number | undefined;
  /** Values it is made of; runs without one are not among them. */
  readonly count: number;
  readonly least: number;
  readonly most: number;
}

/** Quantiles 0.975 for 1 to 30 degrees of freedom. */
const student = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const normal = 1.96;

export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = count < 2 ? undefined : ((student[count - 2] ?? normal) * Math.sqrt(variance)) / Math.sqrt(count);
  return { mean, half, count, least: Math.min(...values), most: Math.max(...values) };
}
