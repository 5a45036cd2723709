/** What the bench runs: which protocol in which scenario, in the order of the report. The costliest first, so that the last worker ends early. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeTopology } from '../../../hosts/sim/make-topology.js';
import { babel } from './babel.js';
import { byzantine } from './byzantine.js';
import { flood, managedFlood } from './flood.js';
import { meshbox } from './meshbox.js';
import { grid, mobility, splitHubs, topology, type Outcome } from './scenarios.js';

export interface Case {
  readonly name: string;
  /** For a person: what and who. */
  readonly title: string;
  /** Fewer seeds for what costs much, and for baselines that are only there to compare with. */
  readonly seedsMost?: number;
  run(seed: number): Promise<Outcome>;
}

/** Babel's, by RFC 8966 appendix B: hello every 4 s, update every 16 s. */
const babelTimers = { hello: 4_000, refresh: 16 };
const freifunk: Readonly<Record<string, string>> = {
  altdorf: 'freifunk-altdorf.json',
  bielefeld: 'freifunk-bielefeld.json',
  'cologne-bonn': 'freifunk-cologne-bonn-area.json',
};
/** Direct messages on each Freifunk topology and seed. */
const messages: Readonly<Record<string, number>> = { altdorf: 200, bielefeld: 400, 'cologne-bonn': 400 };

/** The data are third-party: beside the project, or where MESHBOX_VECTORS says. */
export const topologies = join(process.env['MESHBOX_VECTORS'] ?? '../shared', 'topologies');

export function isThere(name: string): boolean {
  return existsSync(join(topologies, freifunk[name]!));
}

const real = (name: string): Case => ({
  name: `freifunk.${name}`,
  // 550 stations take minutes of a processor each time.
  ...(name === 'altdorf' && { seedsMost: 3 }),
  title: `Freifunk ${name}, Wi-Fi links`,
  run: (seed) => topology(splitHubs(makeTopology(join(topologies, freifunk[name]!), { seed })), { make: meshbox(), seed }, messages[name]!),
});

export const cases: readonly Case[] = [
  ...Object.keys(freifunk).map(real),
  { name: 'mobility', title: '50 nodes, 150 links, 60 m every 10 s', run: (seed) => mobility({ make: meshbox(), seed }) },
  { name: 'byzantine', title: 'grid 7x7, 5 % hostile', run: byzantine },
  { name: 'grid10', title: 'grid 10x10', run: (seed) => grid(10, { make: meshbox(), seed }) },
  { name: 'grid7', title: 'grid 7x7', run: (seed) => grid(7, { make: meshbox(), seed }) },
  {
    name: 'grid7.babel-timers',
    title: 'grid 7x7, ours at Babel’s timers',
    run: (seed) => grid(7, { make: meshbox({ timers: babelTimers }), seed }),
  },
  { name: 'babel.grid7', title: 'grid 7x7, Babel', run: (seed) => grid(7, { make: babel(), seed }) },
  { name: 'babel.grid10', title: 'grid 10x10, Babel', seedsMost: 3, run: (seed) => grid(10, { make: babel(), seed }) },
  { name: 'babel.mobility', title: '60 m every 10 s, Babel', seedsMost: 3, run: (seed) => mobility({ make: babel(), seed }) },
  ...(['flood', 'managed'] as const).flatMap((kind) =>
    ['grid4:7x7', 'freifunk.bielefeld'].map((where): Case => ({
      name: `${kind}.${where === 'grid4:7x7' ? 'grid7' : where}`,
      title: `${where === 'grid4:7x7' ? 'grid 7x7' : 'Freifunk bielefeld'}, ${kind === 'flood' ? 'plain flood' : 'Meshtastic’s managed flood'}`,
      seedsMost: 3,
      run: (seed) => {
        const file = where === 'grid4:7x7' ? where : join(topologies, freifunk['bielefeld']!);
        return topology(makeTopology(file, { seed }), { make: kind === 'flood' ? flood() : managedFlood(), seed }, 100, 1);
      },
    })),
  ),
];

/** A topology of the user's own. */
export function userCase(file: string): Case {
  return { name: 'topology', title: file, run: (seed) => topology(splitHubs(makeTopology(file, { seed })), { make: meshbox(), seed }) };
}
