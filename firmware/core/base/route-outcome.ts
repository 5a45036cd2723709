/** What an update did to a destination; shared by every implementation of the route table. */
export const RouteOutcome = {
  /** Stored; the selected route did not change. */
  Kept: 0,
  /** The selected route changed (next hop, metric or sequence number): announce it. */
  Changed: 1,
  /** The destination became reachable. */
  Found: 2,
  /** The destination became unreachable: announce the retraction. */
  Lost: 3,
  /** Refused by the feasibility condition; kept as unfeasible, never selected. A sequence-number request may help. */
  Unfeasible: 4,
  /** The table is full and the route was no better than what it would evict. */
  Full: 5,
} as const;
export type RouteOutcome = (typeof RouteOutcome)[keyof typeof RouteOutcome];
