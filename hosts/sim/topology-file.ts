/**
 * Topologies from files, only their largest connected component, stations numbered anew in the order of the file.
 *
 *   JSON  { nodes, links: [[a, b, quality a to b, quality b to a, type], ...] }; type `wifi` only; quality is a reception ratio in 0..1
 *   CSV   from, to, mean signal-to-noise ratio in dB, its standard deviation in dB; one line per direction; a header line may stand first
 */
import { readFileSync } from 'node:fs';
import { messageOf, Problem } from '../node/index.js';
import { largestComponent } from './graph.js';
import { leastReception, mutualGraph, plainLink, reception, type DirectedLink, type Topology } from './topology.js';

/** Stations that a file may name, before its largest component is taken; bounds what a typing error can cost. */
const mostRows = 100_000;

export function readTopologyFile(path: string): Omit<Topology, 'name'> {
  const text = contents(path);
  const { nodes, links } = /\.json$/i.test(path) ? parseJson(path, text) : parseCsv(path, text);
  const usable = links.filter((link) => reception(link, '1M', 100) >= leastReception);
  const members = largestComponent(mutualGraph(nodes, usable));
  if (members.length < 2) throw invalid(path, 'no two stations in it have a usable link both ways');
  const renamed = new Map(members.map((member, index) => [member, index]));
  return {
    nodes: members.length,
    links: links.flatMap((link) => {
      const [from, to] = [renamed.get(link.from), renamed.get(link.to)];
      return from === undefined || to === undefined ? [] : [{ ...link, from, to }];
    }),
  };
}

function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Problem('topology-unreadable', `The topology ${path} cannot be read: ${messageOf(error)}.`, 'Name a file that exists.');
  }
}

function invalid(path: string, what: string): Problem {
  return new Problem(
    'topology-invalid',
    `The topology ${path} cannot be used: ${what}.`,
    'See hosts/sim/README.md for the two file formats.',
  );
}

function parseJson(path: string, text: string): { nodes: number; links: DirectedLink[] } {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (error) {
    throw invalid(path, `it is not JSON (${messageOf(error)})`);
  }
  const { nodes, links: rows } = (typeof whole === 'object' && whole !== null ? whole : {}) as { nodes?: unknown; links?: unknown };
  if (!Number.isSafeInteger(nodes) || (nodes as number) < 2 || (nodes as number) > mostRows) {
    throw invalid(path, `"nodes" is not a number from 2 to ${mostRows}`);
  }
  if (!Array.isArray(rows)) throw invalid(path, '"links" is not a list');
  const links: DirectedLink[] = [];
  for (const [index, row] of rows.entries()) {
    const [a, b, there, back, type] = Array.isArray(row) ? (row as unknown[]) : [];
    const station = (value: unknown): value is number =>
      Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < (nodes as number);
    const quality = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;
    if (!station(a) || !station(b) || a === b) throw invalid(path, `link ${index} does not join two of the ${nodes as number} stations`);
    if (!quality(there) || !quality(back)) throw invalid(path, `a quality of link ${index} is not a number in 0..1`);
    if (typeof type !== 'string') throw invalid(path, `link ${index} has no type`);
    if (type !== 'wifi' || Math.min(there, back) < leastReception) continue;
    links.push({ from: a, to: b, ...plainLink(there) }, { from: b, to: a, ...plainLink(back) });
  }
  return { nodes: nodes as number, links };
}

function parseCsv(path: string, text: string): { nodes: number; links: DirectedLink[] } {
  const names = new Map<string, number>();
  const number = (name: string): number => {
    if (!names.has(name)) names.set(name, names.size);
    return names.get(name)!;
  };
  const links: DirectedLink[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const cells = line.split(',').map((cell) => cell.trim());
    const [from, to] = cells;
    const [snr, deviation] = cells.slice(2).map((cell) => (cell === '' ? NaN : Number(cell)));
    if (index === 0 && Number.isNaN(snr)) continue;
    if (cells.length !== 4 || !from || !to || from === to) throw invalid(path, `line ${index + 1} is not "from,to,mean SNR,deviation"`);
    if (!Number.isFinite(snr) || !Number.isFinite(deviation) || deviation! < 0)
      throw invalid(path, `line ${index + 1} has a ratio that is not a number`);
    links.push({ from: number(from), to: number(to), prr: 1, snr: snr!, deviation: deviation! });
  }
  return { nodes: names.size, links };
}
