import type { BuiltKernels } from '../build.mjs';

export const FIGURES: readonly string[];
export function measureRv32(kernels: BuiltKernels): Promise<{
  counts: Record<string, number>;
  memory: readonly { name: string; code: number; ram: number; stack: number }[];
}>;
export function main(json: boolean): Promise<void>;
