import { sdkParts } from '../../field/firmware/sdk.js';
import { listSerial } from '../../node/index.js';
import { Exit } from '../exit-codes.js';
import type { Context } from '../program.js';
import { table } from '../output.js';
import { aptCommand, needs } from '../setup/needs.mjs';

/** Oldest Node that runs the project, as package.json says. */
const NODE_MAJOR = 20;

interface Finding {
  readonly id: string;
  readonly says: string;
  readonly found?: string;
  readonly remedy?: string;
}

/** Works without a daemon. Exit code 1 if something that `npm start` needs is missing; what only tests need is reported, too. */
export async function doctor({ api, out }: Context): Promise<Exit> {
  const findings: Finding[] = [
    node(),
    ...needs.map((need): Finding & { readonly optional: boolean } => {
      const found = need.check();
      const finding = { id: need.id, says: need.says, optional: !need.goals.includes('start') };
      return found === undefined ? { ...finding, remedy: aptCommand([need]) } : { ...finding, found };
    }),
    ...sdkParts(),
    await radio(),
    await daemon(api),
  ];
  const missing = findings.filter((finding) => finding.remedy !== undefined);
  const blocking = missing.filter(({ id }) => id === 'node' || needs.some((need) => need.id === id && need.goals.includes('start')));
  const rows = findings.map(({ id, says, found }) => [found === undefined ? '✗' : '✓', id, found ?? 'missing', says]);
  const remedies = missing.map(({ id, remedy }) => `${id}: ${remedy}`);
  out.answer(
    { findings, ready: blocking.length === 0 },
    [table(['', 'what', 'found', 'serves'], rows), ...(remedies.length > 0 ? ['', ...remedies] : [])].join('\n'),
  );
  return blocking.length === 0 ? Exit.Ok : Exit.Failed;
}

function node(): Finding {
  const finding = { id: 'node', says: 'runs everything' };
  return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR
    ? { ...finding, found: process.versions.node }
    : { ...finding, remedy: `install Node ${NODE_MAJOR} or later; this is ${process.versions.node}` };
}

async function radio(): Promise<Finding> {
  const devices = await listSerial();
  const finding = { id: 'radio', says: 'a board on a serial port; `npm start` simulates one' };
  return devices.length > 0 ? { ...finding, found: devices.join(', ') } : { ...finding, remedy: 'plug a board in' };
}

async function daemon(api: Context['api']): Promise<Finding> {
  const finding = { id: 'daemon', says: 'answers every other command' };
  return api.status().then(
    ({ id, radio }) => ({ ...finding, found: `box ${id}, radio ${radio.state}` }),
    () => ({ ...finding, remedy: 'npm start, or meshbox serve' }),
  );
}
