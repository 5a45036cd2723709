import { readFile } from 'node:fs/promises';
import { flashBoard, readBundle, SerialLine, trust, type FlashReport } from '../../field/flash/index.js';
import { listSerial, messageOf, Problem, systemCode } from '../../node/index.js';
import { Exit } from '../exit-codes.js';
import { table } from '../output.js';
import type { Context } from '../program.js';

export interface FlashFlags {
  readonly port?: readonly string[];
  readonly trust?: readonly string[];
  readonly baud: string;
}

/** All boards at once; each ends by itself, and one that fails does not stop the others. */
export async function flash({ out }: Context, file: string, flags: FlashFlags): Promise<Exit> {
  const baudRate = Number(flags.baud);
  if (!/^\d+$/.test(flags.baud) || baudRate < 9_600 || baudRate > 2_000_000)
    throw new Problem('usage', `"${flags.baud}" is no speed of a serial line`, 'Give 115200, 230400, 460800 or 921600 with --baud.');
  const bundle = readBundle(file, await read(file), await trust(flags.trust ?? []));
  const devices = flags.port ?? (await listSerial());
  if (devices.length === 0)
    throw new Problem('serial-missing', 'no board is plugged in', 'Plug boards in by USB, or name the devices with --port.');
  const total = Object.values(bundle.images).reduce((sum, { length }) => sum + length, 0);
  const bar = out.progress(`${devices.length} boards`, total * devices.length);
  const done = new Map<string, number>();
  const outcomes = await Promise.all(
    devices.map(async (device): Promise<FlashReport | Problem> => {
      const progress = (octets: number): void => {
        done.set(device, Math.min(octets, total));
        bar.update([...done.values()].reduce((sum, each) => sum + each, 0));
      };
      return flashBoard(new SerialLine(device), bundle, { device, progress, baudRate }).catch((error: unknown) =>
        error instanceof Problem
          ? error
          : new Problem('failed', `${device}: ${messageOf(error)}`, 'Repeat the command: it goes on where it stopped.'),
      );
    }),
  );
  bar.stop();
  const reports = outcomes.filter((outcome): outcome is FlashReport => !(outcome instanceof Problem));
  const problems = outcomes.filter((outcome) => outcome instanceof Problem);
  const rows = reports.map(({ device, chip, mac, flashMegabytes, outcome, slot, written, kept }) => [
    device,
    chip,
    mac,
    flashMegabytes,
    outcome,
    slot,
    written,
    kept,
  ]);
  const { board, version } = bundle.manifest;
  out.answer(
    { bundle: bundle.manifest, boards: reports, problems: problems.map(({ code, message, remedy }) => ({ code, message, remedy })) },
    [
      `${board} ${version}`,
      ...(rows.length > 0 ? [table(['device', 'chip', 'mac', 'MB', 'outcome', 'slot', 'written', 'kept'], rows)] : []),
    ].join('\n'),
  );
  for (const problem of problems) out.problem(problem);
  return problems.length === 0 ? Exit.Ok : Exit.Failed;
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new Problem(
      'bundle-missing',
      `there is no bundle ${file}`,
      'Make one with `npm run firmware -- --board esp32c6`, or name the .mbfw file that you were given.',
    );
  }
}
