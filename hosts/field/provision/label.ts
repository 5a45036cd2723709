/** What is glued to the box: name, role, id, the radio rules, and the whole key as a QR code for whoever meets it. SVG, 62 by 29 mm, a common label of printers. */
import qrcode from 'qrcode-generator';
import { idOf, type Grant } from './register.js';

/** Middle correction: a scratched label still reads. */
const CORRECTION = 'M';
/** Millimetres beside the code, and those of a sans-serif letter at size 1: the widest printers' fonts. */
const WIDTH = 32;
const LETTER = 0.62;

export function labelOf({ key, name, role, country, eirp, channels }: Grant): string {
  const code = qrcode(0, CORRECTION);
  code.addData(`MESHBOX:1:${key.toUpperCase()}`, 'Alphanumeric');
  code.make();
  const count = code.getModuleCount();
  const modules = Array.from({ length: count * count }, (_, index) => [index % count, Math.floor(index / count)] as const)
    .filter(([x, y]) => code.isDark(y, x))
    .map(([x, y]) => `M${x} ${y}h1v1h-1z`)
    .join('');
  const line = (y: number, size: number, says: string): string => {
    const fits = Math.min(size, WIDTH / (LETTER * says.length)).toFixed(2);
    return `<text x="29" y="${y}" font-size="${fits}">${says.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</text>`;
  };
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" width="62mm" height="29mm" viewBox="0 0 62 29" font-family="sans-serif">',
    '<rect width="62" height="29" fill="white"/>',
    `<path transform="translate(2 2) scale(${(25 / count).toFixed(5)})" d="${modules}"/>`,
    line(7, 5, name),
    line(12, 3.4, role),
    line(18, 3.4, idOf(key)),
    line(23, 2.6, `${country}: ${eirp} dBm, channels 1-${channels}`),
    line(26.5, 2.2, 'MeshBox. Not yours? Please bring it back.'),
    '</svg>',
    '',
  ].join('\n');
}
