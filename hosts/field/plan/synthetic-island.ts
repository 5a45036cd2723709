/**
 * A made island for trying the planner and for its tests: one HGT tile (1,201 samples a side) and a list of six villages beside it.
 *
 *   node --import tsx hosts/field/plan/synthetic-island.ts FOLDER
 *
 * Two volcanoes with ridges and valleys, a saddle between them, a lagoon and a separate islet, 14 km long. It lies where Efate does; nothing else of it is real.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const SIDE = 1_201;
const SOUTH = -18;
const WEST = 168;
const CENTRE = { lat: -17.655, lon: 168.345 };
const METRES_A_DEGREE = 111_320;

/** Metres above sea level at metres east and north of the centre. */
function height(x: number, y: number): number {
  const cone = (cx: number, cy: number, top: number, width: number): number => {
    const [dx, dy] = [x - cx, y - cy];
    const ridges = 1 + 0.18 * Math.sin(5 * Math.atan2(dy, dx) + 1) + 0.08 * Math.sin(11 * Math.atan2(dy, dx));
    return top * Math.exp(-((Math.hypot(dx, dy) / (width * ridges)) ** 2));
  };
  const land = cone(-3_200, 300, 420, 2_300) + cone(2_800, -600, 310, 2_000) + cone(7_600, 2_400, 70, 900) - cone(300, 3_200, 60, 1_200);
  const rough = 6 * Math.sin(x / 310) * Math.cos(y / 270);
  const metres = land - 28 + (land > 40 ? rough : 0);
  return metres <= 0 ? 0 : Math.round(metres + 1);
}

const villages = `name,lat,lon,people,kind
Port Sand,-17.6800,168.3690,900,gateway
Malapoa,-17.6640,168.2950,350
North Landing,-17.6270,168.3160,260
Saddle,-17.6500,168.3420,120
Eastbay,-17.6520,168.3900,310
Islet,-17.6335,168.4165,80
`;

export async function writeIsland(folder: string): Promise<{ readonly tile: string; readonly places: string }> {
  const octets = Buffer.alloc(2 * SIDE * SIDE);
  const across = METRES_A_DEGREE * Math.cos((CENTRE.lat * Math.PI) / 180);
  for (let row = 0; row < SIDE; row += 1)
    for (let column = 0; column < SIDE; column += 1) {
      const y = (SOUTH + 1 - row / (SIDE - 1) - CENTRE.lat) * METRES_A_DEGREE;
      const x = (WEST + column / (SIDE - 1) - CENTRE.lon) * across;
      if (Math.abs(x) < 12_000 && Math.abs(y) < 9_000) octets.writeInt16BE(height(x, y), 2 * (row * SIDE + column));
    }
  await mkdir(folder, { recursive: true });
  const [tile, places] = [join(folder, 'S18E168.hgt'), join(folder, 'villages.csv')];
  await writeFile(tile, octets);
  await writeFile(places, villages);
  return { tile, places };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { tile, places } = await writeIsland(process.argv[2] ?? '.state/synthetic-island');
  console.log(`${tile}\n${places}`);
}
