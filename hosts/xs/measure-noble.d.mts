/** Types of measure-noble.mjs. */
export function measureNobleOnXs(options?: { log?: (line: string) => void }): Promise<{
  /** Instructions by operation. */
  noble: Record<string, number>;
  native: Record<string, number>;
}>;
