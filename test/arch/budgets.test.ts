/** manifests/budgets.json: what each folder may put into a board's flash, and each profile's pools into its RAM. */
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import test from 'node:test';

interface Budgets {
  /** Octets of JavaScript in a board's bundle, by folder. */
  readonly folders: Readonly<Record<string, number>>;
  /** Octets of the XS pools, by profile. */
  readonly profiles: Readonly<Record<string, { readonly pools: number }>>;
}
interface Pools {
  readonly chunk: number;
  readonly slots: number;
  readonly stack: number;
}

const SLOT = 16;
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/** firmware/core/link/outbox.ts -> firmware/core/link */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.slice(0, parts[0] === 'firmware' || parts[0] === 'hosts' ? 3 : Math.min(2, parts.length - 1)).join('/') || '.';
}

function faults({ folders, profiles }: Budgets, octets: ReadonlyMap<string, number>, pools: Readonly<Record<string, Pools>>): string[] {
  const found: string[] = [];
  for (const [folder, size] of octets) {
    const budget = folders[folder];
    if (budget === undefined) found.push(`${folder} is in the bundle and has no row`);
    else if (size > budget) found.push(`${folder}: ${size} octets are above its budget of ${budget}`);
  }
  for (const folder of Object.keys(folders)) if (!octets.has(folder)) found.push(`${folder} has a row and nothing in the bundle`);
  for (const [name, { chunk, slots, stack }] of Object.entries(pools)) {
    if (chunk === 0) continue; // pools that grow, off a board
    const size = chunk + (slots + stack) * SLOT;
    const budget = profiles[name]?.pools;
    if (budget === undefined) found.push(`profile ${name} has no row`);
    else if (size > budget) found.push(`profile ${name}: pools of ${size} octets are above ${budget}`);
  }
  return found;
}

test('every folder and every profile keeps its budget', async () => {
  const { metafile } = await build({
    entryPoints: ['hosts/xs/board/main.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    logLevel: 'silent',
  });
  const octets = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0]!.inputs))
    if (bytesInOutput > 0) octets.set(folderOf(path), (octets.get(folderOf(path)) ?? 0) + bytesInOutput);
  const budgets = read<Budgets>('manifests/budgets.json');
  const pools = read<Record<string, Pools>>('hosts/xs/profiles.json');
  assert.deepEqual(faults(budgets, octets, pools), []);

  const link = octets.get('firmware/core/link')!;
  const { esp32c3, ...otherProfiles } = budgets.profiles;
  const planted: Record<string, Budgets> = {
    'octets are above': { ...budgets, folders: { ...budgets.folders, 'firmware/core/link': link - 1 } },
    'has no row': { ...budgets, profiles: otherProfiles },
    'nothing in the bundle': { ...budgets, folders: { ...budgets.folders, 'firmware/core/absent': 1 } },
    'pools of': { ...budgets, profiles: { ...budgets.profiles, esp32c3: { pools: esp32c3!.pools / 2 } } },
  };
  for (const [fault, broken] of Object.entries(planted)) assert.match(faults(broken, octets, pools).join('\n'), new RegExp(fault));
});
