/**
 * `npm run drill`: a day on simulated hardware, from sealed boxes to a message between two phones on six boxes. What the tools do is done, with the real tools: plan, flash
 * (ROM loaders), bind (boards on XS, over their serial lines), and the mesh (the same boards, the air of the planned links, in virtual time). What a person does is read
 * out and timed by `hosts/field/guide/steps.ts`.
 *
 *   npm run drill -- [--quick] [--language en|fr|bi] [--json]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hex, micros } from '../../firmware/core/base/index.js';
import { Phone } from '../../hosts/cli/start/phone.js';
import { table } from '../../hosts/cli/output.js';
import { flashBoard, readBundle, writeBundle } from '../../hosts/field/flash/index.js';
import { parsePartitions, encodePartitions } from '../../hosts/field/flash/partition-table.js';
import { languages, steps, type Step } from '../../hosts/field/guide/steps.js';
import { villages } from '../../hosts/field/guide/write.js';
import { makePlan, type Plan } from '../../hosts/field/plan/index.js';
import { metresBetween } from '../../hosts/field/plan/places.js';
import { writeIsland } from '../../hosts/field/plan/synthetic-island.js';
import { greet, idOf, Register } from '../../hosts/field/provision/index.js';
import { BoardRack, identityOf, ProcessStation, World } from '../../hosts/sim/index.js';
import { readFile } from 'node:fs/promises';
import { RomLine } from './rom-line.js';
import { RomLoader } from './rom-loader.js';
import { curve, parts, project } from './sample-bundle.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    language: { type: 'string', default: 'en' },
    json: { type: 'boolean', default: false },
  },
});
const language = languages.find((each) => each === values.language) ?? 'en';
const SEED = 11;
/** Code and prepared machine of the firmware on the emulated board, octets (hosts/xs): the radio's libraries are not in it. */
const IMAGE = values.quick ? 60_000 : 1_046_000;
/** Octets a second at 460,800 baud. */
const LINE = 46_080;
/** Kilometres an hour with a loaded pick-up on an island's tracks, boats included. Assumed. */
const SPEED = 15;
const LIMIT = 6 * 60;

const scratch = await mkdtemp(join(tmpdir(), 'meshbox-drill-'));
const rows: [step: string, person: number, machine: number, what: string][] = [];
const left: string[] = [];
let clock = 0;

/** Reads a step out and books its minutes. */
function book(id: Step['id'], sites: number, machineSeconds: number, what: string, extraMinutes = 0): void {
  const step = steps.find((each) => each.id === id)!;
  const person = step.minutes * (step.each === 'site' ? sites : 1) + extraMinutes;
  const at = `${String(Math.floor(clock / 60)).padStart(2, '0')}:${String(Math.floor(clock % 60)).padStart(2, '0')}`;
  console.log(
    `\n${at}  ${step.title[language]}${step.each === 'site' ? `  (${sites} ×)` : ''}\n       ${step.says[language]}\n       → ${what}`,
  );
  rows.push([step.title[language], person, machineSeconds, what]);
  clock += person + machineSeconds / 60;
}

try {
  const { tile } = await writeIsland(scratch);
  const places = join(scratch, 'villages.csv');
  await writeFile(places, villages);
  const plan = await makePlan({ places, elevation: tile, country: 'VU', lora: false, sunshine: 0.45, darkDays: 3 });
  const { sites } = plan.network;
  const [weakest] = plan.network.links.filter(({ planned }) => planned);
  book(
    'plan',
    1,
    5,
    `${sites.length} sites: ${sites.map(({ name }) => name).join(', ')}; weakest planned link ${weakest!.budget.margin.toFixed(0)} dB to spare`,
  );
  book('unpack', 1, 0, `${sites.length} boards on the table, one for each mast's trunk`);

  const sent = await flashAll(sites.length);
  book(
    'flash',
    1,
    Math.max(...sent) / LINE,
    `${sites.length} boards at once, ${Math.max(...sent).toLocaleString('en')} octets each down the line, all hashed by their ROM`,
  );

  const rack = await BoardRack.make(SEED, 'esp32c3');
  try {
    const names = await bind(rack, plan);
    book('provision', sites.length, 3 * sites.length, `${names.length} keys made on boards and bound: ${names.join(', ')}`);
    const metres = tour(sites);
    book(
      'walk',
      sites.length,
      0,
      `${(metres / 1_000).toFixed(1)} km as the crow flies, half as much again on the ground, at ${SPEED} km/h`,
      ((1.5 * metres) / 1_000 / SPEED) * 60,
    );
    book('mount', sites.length, 0, sites.map((site) => `${site.name} ${site.mast} m`).join(', '));
    await live(rack, plan);
  } finally {
    await rack.clear();
  }
  book('leave', 1, 0, 'one person at each box');
  left.push('payment for the message: channels belong to box daemons with a chain, and this drill has boards and phones only');
  left.push(
    'the image: no SDK is needed here, so the octets flashed are a stand-in of the real size; the boards run the same firmware on XS',
  );
  left.push('mounting, walking, pointing antennas, wet feet: minutes of steps.ts, assumed');
  left.push('certificates on the boards and flooded revocations: the register is a file of the owner');

  console.log(
    `\n${table(
      ['step', 'person min', 'machine s', 'what happened'],
      rows.map(([step, person, machine, what]) => [step, Math.round(person), Math.round(machine), what.slice(0, 90)]),
    )}`,
  );
  console.log(`\nA working day of ${Math.floor(clock / 60)} h ${Math.round(clock % 60)} min, of 6 h allowed.`);
  console.log(`Not automated, or not shown:\n${left.map((each) => `  - ${each}`).join('\n')}`);
  if (values.json)
    console.log(
      JSON.stringify({
        minutes: Math.round(clock),
        limit: LIMIT,
        steps: rows.map(([step, person, machine]) => ({ step, person, machine })),
        left,
      }),
    );
  process.exitCode = clock <= LIMIT ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** Metres from the gateway to each site, always to the nearest that is left. */
function tour([first, ...rest]: Plan['network']['sites']): number {
  let [at, metres] = [first!, 0];
  for (let open = [...rest]; open.length > 0; open = open.filter((site) => site !== at)) {
    const next = open.reduce((nearest, site) => (metresBetween(at, site) < metresBetween(at, nearest) ? site : nearest));
    metres += metresBetween(at, next);
    at = next;
  }
  return metres;
}

/** Octets that went down each line. */
async function flashAll(boards: number): Promise<number[]> {
  const csv = await readFile(new URL('../../hosts/field/firmware/partitions.csv', import.meta.url), 'utf8');
  const sample = parts('esp32c3', 1, IMAGE);
  const images = { ...sample.images, partitions: encodePartitions(parsePartitions('partitions.csv', csv)) };
  const bundle = readBundle('drill.mbfw', await writeBundle({ ...sample, images }, project), { curve, keys: [project.hex] });
  const sent: number[] = [];
  for (let board = 0; board < boards; board += 1) {
    const rom = new RomLoader('esp32c3');
    const line = new RomLine(rom);
    await flashBoard(line, bundle, { device: `board ${board}`, patience: 100 });
    if (rom.boot()?.slot !== 'ota_0') throw new Error(`board ${board} does not start`);
    sent.push(line.sent);
  }
  return sent;
}

/** Binds each board over its serial line; answers names with ids. */
async function bind(rack: BoardRack, { network, region }: Plan): Promise<string[]> {
  let register = await Register.open(join(scratch, 'island'));
  for (const [index, site] of network.sites.entries()) {
    const board = await rack.boot(index, 0, true);
    try {
      const { key } = await greet(board.serialPath!, register.owner.key);
      register = await register.grant(hex(key), site.name, site.role, region);
    } finally {
      board.kill();
      await board.exited;
    }
  }
  return register.boxes().map(({ name, key }) => `${name} ${idOf(key).slice(0, 6)}`);
}

/** The same boards on the air of the planned links; two phones at the ends that are farthest apart. */
async function live(rack: BoardRack, { network }: Plan): Promise<void> {
  const world = new World({ seed: SEED, air: { rate: 'LR-250K' } });
  try {
    for (const index of network.sites.keys()) {
      const { mac } = identityOf(SEED, 'board', index);
      world.add({
        name: network.sites[index]!.name,
        mac,
        boot: async (_now, boots) => new ProcessStation(await rack.boot(index, boots + 1)),
      });
    }
    for (const { a, b, budget } of network.links)
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        world.setLink(from, to, { prr: budget.share, snr: 20, deviation: 0 });
    const ends = farthest(network.sites.length, network.links);
    const phones = ends.map((board, index) => {
      const station = network.sites.length + index;
      const phone: Phone = new Phone(SEED + index, world.mtu.ble, (command) => world.submit(station, command));
      world.add({ name: `phone ${index}`, mac: phone.mac, boot: () => phone });
      world.attach(station, board);
      return { phone, address: { node: identityOf(SEED, 'board', board).id, leaf: phone.id } };
    });
    for (let station = 0; station < network.sites.length + phones.length; station += 1) world.start(station);
    await world.run(micros(100_000));
    const [first, second] = phones as [(typeof phones)[number], (typeof phones)[number]];
    const settle = async <T>(wanted: Promise<T>): Promise<T> => {
      let done = false;
      void wanted.finally(() => (done = true));
      while (!done && world.now < 600e6) await world.run(micros(world.now + 100_000));
      return wanted;
    };
    const boards = [...network.sites.keys()].map((board) => ({ node: identityOf(SEED, 'board', board).id }));
    for (const board of boards)
      while ((await settle(first.phone.ping(board))) === undefined)
        if (world.now > 300e6) throw new Error('the mesh did not come up in five minutes');
    const up = world.now / 1e6;
    book('wake', 1, up, `all ${boards.length} boxes answer ${up.toFixed(1)} s after they were switched on`);
    const between = `${network.sites[ends[0]!]!.name} and ${network.sites[ends[1]!]!.name}`;
    book('phones', 1, 0, `phones at ${between}`);
    const began = world.now;
    const there = await settle(first.phone.text(second.address, 'Halo! Yu harem mi?'));
    const arrived = world.now;
    const back = await settle(second.phone.text(first.address, 'Yes, klia nomo!'));
    const hops = await settle(first.phone.ping({ node: second.address.node }));
    if (there !== 'delivered' || back !== 'delivered') throw new Error(`texts: ${there}, ${back}`);
    book(
      'message',
      1,
      (world.now - began) / 1e6,
      `${between}: there and back, ${((arrived - began) / 1e6).toFixed(1)} s and ${((world.now - arrived) / 1e6).toFixed(1)} s, ${hops ?? '?'} hops to the far box`,
    );
  } finally {
    await world.stop();
  }
}

/** Two sites with the most hops between them. */
function farthest(count: number, links: Plan['network']['links']): readonly [number, number] {
  let best: readonly [number, number] = [0, 0];
  let most = -1;
  for (let from = 0; from < count; from += 1) {
    const away = new Map([[from, 0]]);
    for (const [at, hops] of away)
      for (const { a, b } of links) {
        const other = a === at ? b : b === at ? a : undefined;
        if (other !== undefined && !away.has(other)) away.set(other, hops + 1);
      }
    for (const [to, hops] of away) if (hops > most) [most, best] = [hops, [from, to]];
  }
  return best;
}
