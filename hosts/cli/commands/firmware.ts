import { dirname, join } from 'node:path';
import { boardOf, buildFirmware } from '../../field/firmware/index.js';
import { OWN_KEY } from '../../field/flash/index.js';
import type { Context } from '../program.js';
import { version } from '../version.js';

export interface FirmwareFlags {
  readonly board?: string;
  readonly images?: string;
  readonly out: string;
}

/** Works without a daemon; without the SDK it ends after the steps that do not need it. */
export async function firmware({ out }: Context, flags: FirmwareFlags): Promise<void> {
  const board = boardOf(flags.board);
  const steps: { name: string; says: string }[] = [];
  const bundle = await buildFirmware({
    board,
    version,
    ...(flags.images === undefined ? {} : { images: flags.images }),
    signer: join(dirname(OWN_KEY), 'signer.key'),
    out: flags.out,
    env: process.env,
    step(name, says) {
      steps.push({ name, says });
      out.note(`${name.padEnd(12)}${says}`);
    },
  });
  out.answer({ board: board.id, bundle, steps }, `meshbox flash ${bundle}`);
}
