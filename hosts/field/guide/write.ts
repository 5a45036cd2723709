/**
 * Writes the field guide (README.md beside this file) and its two pictures from the steps and the tools: node --import tsx hosts/field/guide/write.ts
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makePlan, writePlan } from '../plan/index.js';
import { writeIsland } from '../plan/synthetic-island.js';
import { labelOf } from '../provision/index.js';
import { languages, steps } from './steps.js';

const names = { en: 'English', fr: 'Français', bi: 'Bislama' } as const;
const intro = {
  en: 'From sealed boxes to a living island in a day. Two people, a laptop, no Internet. Six sites; the times are those of the drill (`npm run drill`).',
  fr: 'Des caisses scellées à une île vivante en un jour. Deux personnes, un portable, pas d’Internet. Six sites ; les durées sont celles de l’exercice (`npm run drill`).',
  bi: 'Wan dei nomo, stat long ol niufala bokis kasem net i wok long aelan. Tu man, wan laptop, i no gat Intanet. Sikis ples; taem i kam long praktis (`npm run drill`).',
} as const;

/** Villages of the drill: six sites in all with the relays that the plan adds. */
export const villages = `name,lat,lon,people,kind
Port Sand,-17.6800,168.3690,900,gateway
Saddle,-17.6500,168.3420,120
Eastbay,-17.6520,168.3900,310
Islet,-17.6335,168.4165,80
`;

export async function guide(): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-guide-'));
  try {
    const { tile } = await writeIsland(folder);
    const places = join(folder, 'drill.csv');
    await writeFile(places, villages);
    const plan = await makePlan({ places, elevation: tile, country: 'VU', lora: false, sunshine: 0.45, darkDays: 3 });
    await writePlan(plan, folder);
    const label = labelOf({
      kind: 'grant',
      number: 1,
      key: `03${'5a'.repeat(32)}`,
      name: 'Port Sand',
      role: 'gateway',
      country: 'VU',
      eirp: 20,
      channels: 11,
    });
    return new Map([
      ['README.md', text()],
      ['plan.svg', await readFile(join(folder, 'plan.svg'), 'utf8')],
      ['label.svg', label],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function text(): string {
  const parts = languages.flatMap((language) => [
    `## ${names[language]}`,
    '',
    intro[language],
    '',
    ...steps.map(({ title, says }, index) => `${index + 1}. **${title[language]}.** ${says[language]}`),
    '',
  ]);
  const pictures = ['![The plan of the made island](plan.svg)', '', '![A label](label.svg)', ''];
  return ['# Field guide', '', '<!-- Made by write.ts from steps.ts. -->', '', ...pictures, ...parts].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, content] of await guide()) await writeFile(new URL(name, import.meta.url), content);
}
