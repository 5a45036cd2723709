/** The planner: path loss against published examples, the measured ranges, files of every kind, bad input, and a whole plan of the made island. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeArrayBuffer } from 'geotiff';
import { run } from '../../hosts/cli/program.js';
import { makePlan, ranges, reportOf, type Plan } from '../../hosts/field/plan/index.js';
import { regionOf } from '../../hosts/field/region.js';
import { Elevation, readElevation } from '../../hosts/field/plan/elevation.js';
import { groundBetween, linkBudget } from '../../hosts/field/plan/links.js';
import { equivalentEdge, flatPath, freeSpace, knifeEdge, pathLoss, twoRay, type TerrainPath } from '../../hosts/field/plan/path-loss.js';
import { readPlaces } from '../../hosts/field/plan/places.js';
import { radios, reception } from '../../hosts/field/plan/radios.js';
import { brownOutOdds, extraterrestrial, onGround, supplyFor } from '../../hosts/field/plan/solar.js';
import { writeIsland } from '../../hosts/field/plan/synthetic-island.js';
import { Problem } from '../../hosts/node/index.js';

let folder: string;
let island: { readonly tile: string; readonly places: string };
let plan: Plan;
const options = { country: 'VU', lora: false, sunshine: 0.45, darkDays: 3 };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshbox-plan-'));
  island = await writeIsland(folder);
  plan = await makePlan({ ...options, places: island.places, elevation: island.tile });
});
after(() => rm(folder, { recursive: true, force: true }));

const near = (actual: number, expected: number, within: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${what}: ${actual.toFixed(2)}, published ${expected}`);

/** One edge between two antennas; heights above the line of zero. */
const oneEdge = (near: number, far: number, from: number, edge: number, to: number): TerrainPath => ({
  distance: near + far,
  from,
  to,
  points: [{ at: near, height: edge }],
  groundFrom: 0,
  groundTo: 0,
});

test('free space, two rays and the knife edge agree with published examples within 1 dB', () => {
  // Rappaport, "Wireless Communications", 2nd ed. Two rays: example 4.6, 900 MHz, 50 m and 1.5 m, 5 km: field 113.1 uV/m where 1 km of free space has 1 mV/m.
  near(twoRay(5_000, 900, 50, 1.5) - freeSpace(1_000, 900), 20 * Math.log10(1e-3 / 113.1e-6), 1, 'two rays at 5 km');
  // Friis: 92.45 dB at 1 GHz and 1 km (P.525).
  near(freeSpace(1_000, 1_000), 92.45, 0.1, 'free space');
  // P.526 figure 9 and its eq. 31.
  for (const [v, loss] of [
    [0, 6.0],
    [1, 13.9],
    [2.4, 20.5],
    [-1, 0],
  ] as const)
    near(knifeEdge(v), loss, 1, `J(${v})`);
  // Rappaport, example 4.7: 1/3 m of wavelength, 1 km on either side, 25 m above the line: v = 2.74, 22 dB (21.7 by Lee); level with it: 6 dB.
  const mhz = 299.792_458 * 3;
  near(equivalentEdge(oneEdge(1_000, 1_000, 0, 25, 0), mhz), 2.74, 0.05, 'v of example 4.7');
  near(knifeEdge(equivalentEdge(oneEdge(1_000, 1_000, 0, 25, 0), mhz)), 21.7, 1, 'example 4.7a');
  near(knifeEdge(equivalentEdge(oneEdge(1_000, 1_000, 0, 0, 0), mhz)), 6, 1, 'example 4.7b');
  near(knifeEdge(equivalentEdge(oneEdge(1_000, 1_000, 0, -25, 0), mhz)), 0, 1, 'example 4.7c');
  // Example 4.8: 900 MHz, 50 m and 25 m, an edge of 100 m after 10 km, 2 km further: v = 4.24, 25.5 dB. It has no curvature: the bulge of 1.2 m is within.
  near(equivalentEdge(oneEdge(10_000, 2_000, 50, 100, 25), 900), 4.24, 0.1, 'v of example 4.8');
  near(knifeEdge(equivalentEdge(oneEdge(10_000, 2_000, 50, 100, 25), 900)), 25.5, 1, 'example 4.8');
  // The guard itself: an error of a factor 1.4 in v, or a missing antenna height, is more than 1 dB.
  assert.ok(Math.abs(knifeEdge(2.74 * Math.SQRT2) - 21.7) > 1);
  assert.ok(Math.abs(twoRay(5_000, 900, 50, 1.2) - freeSpace(1_000, 900) - 18.93) > 1);
});

test('Bullington’s point of two edges is where the two horizons meet, and the earth’s bulge counts', () => {
  const two: TerrainPath = {
    distance: 3_000,
    from: 0,
    to: 0,
    points: [
      { at: 1_000, height: 10 },
      { at: 2_000, height: 10 },
    ],
    groundFrom: 0,
    groundTo: 0,
  };
  // Horizons of slope 0.01 from both ends meet in the middle at 15 m; bulge 0.12 m at 1 km.
  near(equivalentEdge(two, 2_442) / equivalentEdge(oneEdge(1_500, 1_500, 0, 15, 0), 2_442), 1.0, 0.02, 'equivalent edge');
  const sea = (metres: number): number => pathLoss(flatPath(metres, 5, 5), 2_442).terrain;
  assert.ok(sea(2_000) < 0.5 && sea(25_000) > 15, `open water costs ${sea(2_000)} dB at 2 km, ${sea(25_000)} dB beyond the horizon`);
});

test('the ranges that were measured come out of the model', () => {
  const share = (radio: 'esp-now' | 'lr', metres: number): number => {
    const { power, threshold, mhz } = radios[radio];
    return reception(power - pathLoss(flatPath(metres, 1, 1), mhz).total - threshold);
  };
  const measured = [
    ['esp-now', 150, 0.99, 1],
    ['esp-now', 300, 0.55, 0.65],
    ['lr', 450, 0.99, 1],
    ['lr', 900, 0.35, 0.45],
  ] as const;
  for (const [radio, metres, least, most] of measured) {
    const value = share(radio, metres);
    assert.ok(value >= least && value <= most, `${radio} at ${metres} m: ${value.toFixed(3)}`);
  }
  const [phone, , , espNow, lr] = ranges(20);
  assert.equal(phone!.half < 300, true, 'a phone does not reach far');
  assert.ok(espNow!.planned < 2_000 && lr!.planned > 2_000, 'two kilometres: by long range mode and masts, not by ESP-NOW');
});

test('radiation agrees with the examples of FAO paper 56', () => {
  // Example 8: 20 S on 3 September: 32.2 MJ. Example 10: Rio de Janeiro, 22.9 S, May (day 135): Ra 25.1 MJ, 7.1 of 10.9 hours of sun: 14.5 MJ.
  near(extraterrestrial(-20, 246) * 3.6, 32.2, 0.1, 'example 8');
  near(onGround(-22.9, 135, 7.1 / 10.9) * 3.6, 14.5, 0.2, 'example 10');
  const needs = { lat: -17.7, watts: 0.64, sunshine: 0.45, darkDays: 3 };
  const supply = supplyFor(needs)!;
  assert.ok(supply.brownOut <= 0.001 && supply.darkDays >= 3);
  assert.ok(
    brownOutOdds(needs, supply.panelWatts / 2, supply.batteryWattHours) > 0.05,
    'half the panel would do as well: the odds are not computed',
  );
  assert.ok(supplyFor({ ...needs, lat: -62 })!.panelWatts > 2 * supply.panelWatts, 'a polar winter needs more');
});

test('a plan of the made island joins its six villages, and says what falls out', () => {
  const { network, lists } = plan;
  assert.deepEqual(network.unreached, []);
  assert.equal(network.sites.filter(({ role }) => role === 'relay').length, network.sites.length - 6);
  for (const link of network.links.filter(({ planned }) => planned)) assert.ok(link.budget.margin >= 9, `${link.budget.margin} dB`);
  assert.ok(network.failures.some((lost) => lost.length > 0) && network.failures.some((lost) => lost.length === 0));
  assert.ok(plan.coverage.covered > 6 * Math.PI * 50 ** 2 && plan.coverage.covered < 6 * Math.PI * 300 ** 2, `${plan.coverage.covered} m2`);
  for (const { supply } of lists) assert.ok(supply && supply.brownOut <= 0.001);
  const report = reportOf(plan);
  for (const says of [/WHEN A BOX DIES/, /does not hold/, /holds$/m, /solar panel \d+ W/, /mast \d+ m/, /dBi/, /most restrictive/])
    assert.match(report, says);
});

test('a cut relay is worth what the plan says: without it the lost boxes are apart', () => {
  const { sites, links, failures } = plan.network;
  const worst = failures.reduce((most, lost, index) => (index > 0 && lost.length > failures[most]!.length ? index : most), 1);
  const reached = new Set([0]);
  for (let grown = -1; grown < reached.size;) {
    grown = reached.size;
    for (const { a, b } of links) if (a !== worst && b !== worst && (reached.has(a) || reached.has(b))) reached.add(a).add(b);
  }
  const lost = sites.filter((_, index) => index !== worst && !reached.has(index)).map(({ name }) => name);
  assert.deepEqual([...lost].sort(), [...failures[worst]!].sort());
});

test('meshbox plan writes picture, list and data without any network', async () => {
  let said = '';
  const stream = { write: (text: string) => ((said += text), true) } as unknown as NodeJS.WritableStream;
  const out = join(folder, 'out');
  const code = await run(['plan', island.places, '--elevation', island.tile, '--country', 'vu', '--out', out, '--json'], {
    stdout: stream,
    stderr: stream,
  });
  assert.equal(code, 0, said);
  const answer = JSON.parse(said) as { covered: number; network: { sites: unknown[] }; files: string[] };
  assert.equal(answer.files.length, 3);
  const svg = await readFile(join(out, 'plan.svg'), 'utf8');
  for (const part of ['data:image/png;base64,', '<line ', 'Port Sand', 'MeshBox plan', 'dB</text>'])
    assert.ok(svg.includes(part), `the picture lacks ${part}`);
});

test('GeoTIFF and HGT of one ground give one height; a hole is not the sea', async () => {
  const side = 41;
  const heights = Float32Array.from({ length: side * side }, (_, index) => (index === 0 ? -9_999 : 10 * Math.floor(index / side)));
  const tiff = join(folder, 'tile.tif');
  const pixel = 0.001;
  const data = writeArrayBuffer(heights, {
    width: side,
    height: side,
    ModelPixelScale: [pixel, pixel, 0],
    ModelTiepoint: [0, 0, 0, 168, -17, 0],
    GeographicTypeGeoKey: 4326,
    GTModelTypeGeoKey: 2,
    GDAL_NODATA: '-9999',
  }) as ArrayBuffer;
  await writeFile(tiff, new Uint8Array(data));
  const read = await readElevation(tiff);
  // Pixel middles: row 20 lies at -17 - 20.5 pixels.
  near(read.at({ lat: -17 - 20.5 * pixel, lon: 168 + 20.5 * pixel })!, 200, 0.5, 'row 20');
  near(read.at({ lat: -17 - 21 * pixel, lon: 168 + 20.5 * pixel })!, 205, 0.5, 'between two rows');
  assert.equal(read.at({ lat: -17 - 0.7 * pixel, lon: 168 + 0.7 * pixel }), undefined);
  assert.equal(read.at({ lat: 10, lon: 10 }), undefined);
  const whole = await readElevation(folder);
  assert.ok(whole.at({ lat: -17.65, lon: 168.345 })! > 20 && whole.at({ lat: -17.9, lon: 168.05 }) === 0);
});

test('bad input is refused by name, with the remedy', async () => {
  const elevation = await readElevation(island.tile);
  const places = async (text: string): Promise<unknown> => {
    const file = join(folder, 'bad.csv');
    await writeFile(file, text);
    return readPlaces(file, elevation);
  };
  const head = 'name,lat,lon\n';
  const refusals: readonly (readonly [text: string, code: string, says: RegExp])[] = [
    ['', 'places-format', /name, lat and lon/],
    [`${head}A,-17.65,168.35\n`, 'places-format', /one place/],
    [`${head}A,168.35,-17.65\nB,-17.66,168.35\n`, 'place', /A lies at lat 168.35/],
    [`${head}A,-17.65,168.35\nB,17.66,168.35\n`, 'elevation-missing', /B \(17.66, 168.35\)/],
    [`${head}A,-17.65,168.35\nA,-17.66,168.35\n`, 'place', /one name/],
    [`${head}A,-17.65,168.35\nB,-17.65,168.35\n`, 'place', /0 m apart/],
    [`${head}A,-17.65,south\nB,-17.65,168.35\n`, 'place', /A lies at/],
    [`${head}A,-17.1,168.02\nB,-17.9,168.95\n`, 'place', /km apart/],
    ['[{"name":"A","lat":-17.65,"lon":168.35,"kind":"castle"}]', 'place', /castle/],
    ['{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon"}}]}', 'places-format', /Polygon/],
    ['{"a":', 'places-format', /neither CSV nor JSON/],
  ];
  for (const [text, code, says] of refusals)
    await assert.rejects(
      places(text),
      (error: unknown) => error instanceof Problem && error.code === code && says.test(error.message) && error.remedy.length > 20,
      text,
    );
  const geojson =
    '{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[168.35,-17.65]},"properties":{"name":"A"}},{"geometry":{"type":"Point","coordinates":[168.36,-17.65]},"properties":{"name":"B","people":5}}]}';
  assert.equal(((await places(geojson)) as { people: number }[])[1]!.people, 5);

  await writeFile(join(folder, 'S18E168.hgt.part'), 'x');
  const misnamed = join(folder, 'dem.hgt');
  await writeFile(misnamed, Buffer.alloc(10));
  for (const [file, code] of [
    [join(folder, 'nowhere.hgt'), 'elevation-missing'],
    [misnamed, 'elevation-format'],
    [island.places.replace('.csv', '.tif'), 'elevation-missing'],
  ] as const)
    await assert.rejects(readElevation(file), (error: unknown) => error instanceof Problem && error.code === code, file);
  await rm(misnamed);
  await assert.rejects(makePlan({ ...options, places: join(folder, 'none.csv'), elevation: island.tile }), { code: 'places-missing' });
});

test('places that no relay joins are named, not dropped', async () => {
  const places = join(folder, 'far.csv');
  await writeFile(places, 'name,lat,lon\nPort Sand,-17.68,168.369\nFar Rock,-17.2,168.8\n');
  const far = await makePlan({ ...options, places, elevation: island.tile });
  assert.deepEqual(far.network.unreached, ['Far Rock']);
  assert.match(reportOf(far), /NOT REACHED .*Far Rock/);
});

test('an unknown country gets the most restrictive rule, a known one its own', () => {
  assert.deepEqual([regionOf('VU').eirp, regionOf('VU').channels, regionOf('VU').known], [20, 11, false]);
  assert.deepEqual([regionOf('au').eirp, regionOf('fr').eirp, regionOf('us').channels], [36, 20, 11]);
  assert.equal(regionOf('<b>').country, '??');
  for (const code of ['AU', 'FR', 'US', 'NZ'])
    assert.ok(regionOf(code).eirp >= regionOf('VU').eirp && regionOf(code).channels >= regionOf('VU').channels);
  const flat = new Elevation([{ south: 0, west: 0, north: 1, east: 1, columns: 2, rows: 2, heights: [1, 1, 1, 1], hole: -1 }]);
  const ground = groundBetween(flat, { lat: 0.5, lon: 0.5 }, { lat: 0.5, lon: 0.52 })!;
  const way = { radio: 'lr', antenna: 'panel', mast: 8 } as const;
  assert.ok(
    Math.abs(linkBudget(ground, way, 36).margin - linkBudget(ground, way, 20).margin - 13) < 0.01,
    'the antenna’s gain comes off the power',
  );
});
