/** How good a link is, in three steps that a person can tell apart. */
import { losslessCost, type LinkKind } from '../../../../firmware/core/link/index.js';

export type Quality = 'good' | 'fair' | 'weak';

/** Up to two transmissions for each delivery. */
const goodTries = 2;
const fairTries = 4;

/** By the transmissions that a delivery takes: the cost over that of a link of its kind that loses nothing. */
export function linkQuality(metric: number, kind: LinkKind): Quality {
  const tries = metric / losslessCost(kind);
  if (tries <= goodTries) return 'good';
  return tries <= fairTries ? 'fair' : 'weak';
}
