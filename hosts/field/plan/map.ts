/** The plan as a picture: SVG with the relief and the phones' coverage as an embedded PNG, so that it needs nothing else to be seen or printed. */
import { contours } from 'd3-contour';
import { encode } from 'fast-png';
import type { Coverage } from './coverage.js';
import type { Bounds, Point } from './elevation.js';
import { REQUIRED, type LinkBudget } from './links.js';
import type { Network, Site } from './network.js';
import { metresBetween } from './places.js';

const WIDTH = 1_000;
const LEGEND = 120;

type Rgb = readonly [number, number, number];
const sea: Rgb = [205, 226, 240];
const low: Rgb = [232, 236, 214];
const high: Rgb = [196, 178, 142];
const unknown: Rgb = [230, 230, 230];
const good: Rgb = [46, 160, 67];
const fair: Rgb = [230, 170, 30];

export function drawMap(network: Network, cover: Coverage, bounds: Bounds, title: string): string {
  const height = Math.round((WIDTH * cover.rows) / cover.columns);
  const at = ({ lat, lon }: Point): [x: number, y: number] => [
    ((lon - bounds.west) / (bounds.east - bounds.west)) * WIDTH,
    ((bounds.north - lat) / (bounds.north - bounds.south)) * height,
  ];
  const raster = Buffer.from(encode({ width: cover.columns, height: cover.rows, channels: 3, data: paint(cover) })).toString('base64');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height + LEGEND}" font-family="sans-serif" font-size="15">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height + LEGEND}" fill="white"/>`,
    `<image width="${WIDTH}" height="${height}" href="data:image/png;base64,${raster}"/>`,
    lines(cover, height),
    ...network.links.map(({ a, b, planned, budget }) => linkLine(at(network.sites[a]!), at(network.sites[b]!), planned, budget)),
    ...network.sites.map((site) => marker(site, at(site), height)),
    legend(bounds, height, title),
    '</svg>',
    '',
  ].join('\n');
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = Math.min(1, Math.max(0, share));
  return [0, 1, 2].map((channel) => Math.round(from[channel]! + (to[channel]! - from[channel]!) * part)) as unknown as Rgb;
}

function paint({ columns, rows, heights, margins }: Coverage): Uint8Array {
  const top = heights.reduce((most, each) => (each > most ? each : most), 1);
  const data = new Uint8Array(3 * columns * rows);
  for (let index = 0; index < columns * rows; index += 1) {
    const [height, margin] = [heights[index]!, margins[index]!];
    // Light from the north-west, as maps have it.
    const slope = height - (heights[Math.max(0, index - columns - 1)] ?? height);
    const ground = Number.isNaN(height)
      ? unknown
      : height <= 0
        ? sea
        : mix(mix(low, high, height / top), [90, 80, 60], Math.max(-0.2, -slope / 40));
    const colour = margin >= 4 ? mix(ground, good, 0.75) : margin >= 0 ? mix(ground, fair, 0.75) : ground;
    data.set(colour, 3 * index);
  }
  return data;
}

/** Coast and heights; the step is a round number that gives about six lines. */
function lines({ columns, rows, heights }: Coverage, height: number): string {
  const known = Array.from(heights, (each) => (Number.isNaN(each) ? 0 : each));
  const top = Math.max(...known);
  const step = [10, 20, 50, 100, 200, 500].find((each) => top / each <= 7) ?? 1_000;
  const levels = [0.5, ...Array.from({ length: Math.floor(top / step) }, (_, index) => (index + 1) * step)];
  const scale = `scale(${WIDTH / columns} ${height / rows})`;
  return contours()
    .size([columns, rows])
    .thresholds(levels)(known)
    .map(({ coordinates, value }) => {
      const path = coordinates
        .flat()
        .map((ring) => `M${ring.map(([x, y]) => `${x!.toFixed(1)} ${y!.toFixed(1)}`).join('L')}Z`)
        .join('');
      const [colour, width] = value === 0.5 ? ['#33668a', 1.6] : ['#7a6a48', 0.6];
      return `<path transform="${scale}" d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" vector-effect="non-scaling-stroke"><title>${value} m</title></path>`;
    })
    .join('\n');
}

const linkColour = (margin: number): string => (margin >= REQUIRED + 6 ? '#1a7f37' : margin >= REQUIRED ? '#bf8700' : '#cf222e');

function linkLine([x1, y1]: [number, number], [x2, y2]: [number, number], planned: boolean, budget: LinkBudget): string {
  const stroke = `stroke="${linkColour(budget.margin)}" stroke-width="${planned ? 4 : 1.5}" ${planned ? '' : 'stroke-dasharray="6 5"'}`;
  const line = `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${stroke}/>`;
  // Shorter ones have no room for their figures beside the names; the list has them.
  if (!planned || Math.hypot(x2 - x1, y2 - y1) < 90) return line;
  const says = `${(budget.metres / 1_000).toFixed(1)} km  +${Math.round(budget.margin)} dB`;
  return `${line}\n${text((x1 + x2) / 2, (y1 + y2) / 2 - 5, says, 'middle', 12)}`;
}

const shapes: Readonly<Record<Site['role'], string>> = {
  gateway: '<rect x="-6" y="-6" width="12" height="12" fill="#0a3069" stroke="white" stroke-width="1.5"/>',
  box: '<circle r="5" fill="#0a3069" stroke="white" stroke-width="1.5"/>',
  relay: '<path d="M0-7L6 5H-6Z" fill="#8250df" stroke="white" stroke-width="1.5"/>',
};

function marker(site: Site, [x, y]: [number, number], height: number): string {
  const below = y < 40 || y > height - 40 ? (y < 40 ? 22 : -12) : 22;
  const anchor = x > WIDTH - 120 ? 'end' : x < 120 ? 'start' : 'middle';
  return `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)})">${shapes[site.role]}${text(0, below, `${site.name}, ${site.mast} m`, anchor, 15)}</g>`;
}

function legend(bounds: Bounds, height: number, title: string): string {
  const across = metresBetween({ lat: bounds.south, lon: bounds.west }, { lat: bounds.south, lon: bounds.east });
  const scale = [500, 1_000, 2_000, 5_000, 10_000].find((metres) => (metres / across) * WIDTH > 120) ?? 20_000;
  const length = (scale / across) * WIDTH;
  const row = (x: number, y: number, shape: string, says: string): string =>
    `<g transform="translate(${x} ${y})">${shape}</g>${text(x + 22, y + 5, says, 'start', 14)}`;
  const swatch = (colour: Rgb): string => `<rect x="-9" y="-8" width="18" height="16" fill="rgb(${mix(low, colour, 0.75).join(' ')})"/>`;
  const stroke = (colour: string, rest: string): string => `<line x1="-12" x2="12" stroke="${colour}" ${rest}/>`;
  return [
    text(16, height + 26, title, 'start', 18),
    row(28, height + 54, shapes.gateway, 'gateway'),
    row(28, height + 80, shapes.box, 'box'),
    row(28, height + 106, shapes.relay, 'relay'),
    row(170, height + 54, swatch(good), 'phones reach a box, 84 % of frames and more'),
    row(170, height + 80, swatch(fair), 'at the edge, 50 to 84 %'),
    row(170, height + 106, stroke('#888', 'stroke-width="1.5" stroke-dasharray="6 5"'), 'link that is there for detours'),
    row(540, height + 54, stroke('#1a7f37', 'stroke-width="4"'), 'planned link, 16 dB to spare and more'),
    row(540, height + 80, stroke('#bf8700', 'stroke-width="4"'), 'planned link, 10 to 16 dB'),
    `<path d="M860 ${height + 98}v8h${length.toFixed(1)}v-8" transform="translate(${Math.min(0, 120 - length).toFixed(1)} 0)" fill="none" stroke="black" stroke-width="2"/>`,
    text(980, height + 92, `${scale / 1_000} km, north is up`, 'end', 14),
  ].join('\n');
}

function text(x: number, y: number, says: string, anchor: 'start' | 'middle' | 'end', size: number): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}"`;
  return `<text ${place} stroke="white" stroke-width="3" paint-order="stroke">${escape(says)}</text>`;
}

function escape(says: string): string {
  return says.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/[\u0000-\u001f]/g, ' ');
}
