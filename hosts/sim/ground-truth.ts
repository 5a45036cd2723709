/** What no station knows: where a packet would end if every station passed it to its next hop, for every ordered pair of stations. */
export interface Reach {
  readonly pairs: number;
  /** Pairs whose packet would arrive. */
  readonly reached: number;
  /** Pairs whose packet would run in a circle. */
  readonly looping: number;
}

const Fate = { Unknown: 0, Arrives: 1, Ends: 2, Loops: 3, OnPath: 4 } as const;

/** `nextHop` answers a station, or -1 if it has none (or none that is on). Stations that are off are left out of the pairs. */
export function followRoutes(stations: readonly number[], nextHop: (at: number, destination: number) => number): Reach {
  let reached = 0;
  let looping = 0;
  const fates = new Uint8Array(Math.max(-1, ...stations) + 1);
  const path: number[] = [];
  for (const destination of stations) {
    fates.fill(Fate.Unknown);
    fates[destination] = Fate.Arrives;
    for (const source of stations) {
      let at = source;
      while (at !== -1 && fates[at] === Fate.Unknown) {
        fates[at] = Fate.OnPath;
        path.push(at);
        at = nextHop(at, destination);
      }
      const met = at === -1 ? Fate.Ends : fates[at]!;
      const fate = met === Fate.OnPath ? Fate.Loops : met;
      for (const each of path) fates[each] = fate;
      path.length = 0;
      if (source === destination) continue;
      if (fates[source] === Fate.Arrives) reached += 1;
      else if (fates[source] === Fate.Loops) looping += 1;
    }
  }
  return { pairs: stations.length * (stations.length - 1), reached, looping };
}
