import type { BuiltKernels } from '../build.mjs';

type Kernels = Pick<BuiltKernels, 'include' | 'sources' | 'cflags'>;
export function buildImage(source: string, options: { kernels: Kernels; flags?: readonly string[]; name?: string }): Promise<string>;
export function runImage(elf: string, options?: { seconds?: number }): Promise<Record<string, number>>;
export function sizes(elf: string, kernels: Kernels): Promise<{ code: number; ram: number }>;
