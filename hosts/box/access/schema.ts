/** JSON schemas of what phones send. */

/** Octets as hexadecimal digits. */
export const hexOf = (octets: number): object => ({ type: 'string', pattern: `^[0-9a-f]{${2 * octets}}$` });

/** A body with a proof in it, and what else it must hold. */
export function proofSchema(more: Record<string, object> = {}): object {
  const properties = { key: hexOf(33), challenge: hexOf(16), signature: hexOf(64), ...more };
  return { type: 'object', required: Object.keys(properties), additionalProperties: false, properties };
}
