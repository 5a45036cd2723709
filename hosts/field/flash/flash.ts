/**
 * One board from what it is to what the bundle says.
 *
 *   connected -> refused          wrong chip, too small a flash: before anything is written
 *   connected -> current          the slot that it starts holds this firmware
 *   connected -> updating         our partition table: the other slot is written and hashed, then the choice moves; a cut leaves the old slot starting
 *   connected -> installing       anything else: first slot, choice, bootloader, table
 *   updating, installing -> done  every image hashed once more
 *
 * Keys and settings (nvs) are never touched.
 */
import { Problem } from '../../node/index.js';
import type { Bundle } from './bundle.js';
import { chips, SECTOR } from './chips.js';
import { Loader, type LoaderOptions } from './loader.js';
import { choose, chosenSlot, ENTRY } from './ota-data.js';
import { otaDataOf, slotsOf, TABLE_AT } from './partition-table.js';
import type { WebSerialLine } from './serial-line.js';

export interface FlashOptions extends LoaderOptions {
  /** Octets in place, of all. */
  readonly progress?: (done: number, total: number) => void;
}

export interface FlashReport {
  readonly device: string;
  readonly chip: string;
  readonly mac: string;
  readonly flashMegabytes: number;
  readonly outcome: 'installed' | 'updated' | 'current';
  readonly slot: string;
  /** Octets that had to be written, and that were there already. */
  readonly written: number;
  readonly kept: number;
}

/** Passes over everything: a damaged FLASH_BEGIN may have erased what was right before. */
const PASSES = 4;

interface Write {
  readonly at: number;
  readonly octets: Uint8Array;
}

/** Fails with a Problem; after `board-gone` and `line-bad` the same call goes on where this one stopped. */
export async function flashBoard(line: WebSerialLine, bundle: Bundle, options: FlashOptions): Promise<FlashReport> {
  const loader = await Loader.connect(line, options);
  try {
    const report = await bring(loader, bundle, options);
    await loader.restart();
    return report;
  } catch (error) {
    await loader.close();
    throw error;
  }
}

async function bring(loader: Loader, bundle: Bundle, { device, progress }: FlashOptions): Promise<FlashReport> {
  const { manifest, images, partitions } = bundle;
  refuse(loader, bundle, device);
  const slots = slotsOf(partitions);
  const otaData = otaDataOf(partitions)!;
  const ours = await loader.holds(TABLE_AT, images.partitions);
  const entries = ours ? [await loader.read(otaData.at, ENTRY), await loader.read(otaData.at + SECTOR, ENTRY)] : [blank, blank];
  const chosen = chosenSlot(entries, slots.length);
  const said = { device, chip: chips[loader.chip].name, mac: loader.mac, flashMegabytes: loader.flashMegabytes };
  if (chosen !== undefined && (await loader.holds(slots[chosen]!.at, images.app)))
    return { ...said, outcome: 'current', slot: slots[chosen]!.name, written: 0, kept: images.app.length };

  const next = chosen === undefined ? 0 : (chosen + 1) % slots.length;
  const choice = choose(entries, next, slots.length);
  const app = { at: slots[next]!.at, octets: images.app };
  const select = { at: otaData.at + choice.sector * SECTOR, octets: choice.octets };
  const writes: Write[] = ours
    ? [app, select]
    : [
        app,
        { at: otaData.at + (1 - choice.sector) * SECTOR, octets: new Uint8Array(SECTOR).fill(0xff) },
        select,
        { at: chips[manifest.chip].bootloaderAt, octets: images.bootloader },
        { at: TABLE_AT, octets: images.partitions },
      ];
  const total = writes.reduce((sum, { octets }) => sum + octets.length, 0);
  let [written, done] = [0, 0];
  for (let pass = 0; ; pass += 1) {
    let repaired = 0;
    for (const { at, octets } of writes)
      await loader.write(at, octets, (count, fresh) => {
        if (fresh) repaired += count;
        if (pass === 0) progress?.((done += count), total);
      });
    written += repaired;
    if (pass > 0 && repaired === 0) break;
    if (pass === PASSES)
      throw new Problem(
        'flash-verify',
        `${device} keeps losing what was written`,
        'Try another cable and port; if it stays, use another board.',
      );
  }
  return { ...said, outcome: ours ? 'updated' : 'installed', slot: slots[next]!.name, written, kept: Math.max(0, total - written) };
}

function refuse(loader: Loader, { manifest }: Bundle, device: string): void {
  if (loader.chip !== manifest.chip)
    throw new Problem(
      'wrong-bundle',
      `the bundle is for ${chips[manifest.chip].name} (${manifest.board}), the board at ${device} has an ${chips[loader.chip].name}`,
      `Build or fetch the one for it: npm run firmware -- --board ${loader.chip}`,
    );
  if (loader.flashMegabytes < manifest.flashMegabytes)
    throw new Problem(
      'wrong-bundle',
      `the bundle needs ${manifest.flashMegabytes} MB of flash, the board at ${device} has ${loader.flashMegabytes}`,
      'Use a board with more flash, or a bundle made for this one.',
    );
}

const blank = new Uint8Array(ENTRY).fill(0xff);
