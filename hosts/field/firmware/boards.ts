/** The boards that an image is built for. Pins, radios and pools are data of the image itself; here is what building and flashing it needs. */
import { Problem } from '../../node/index.js';
import type { ChipId } from '../flash/index.js';

export interface Board {
  readonly id: string;
  readonly chip: ChipId;
  /** mcconfig's name of platform and subplatform. */
  readonly platform: string;
  readonly flashMegabytes: number;
}

/** Modules with 4 MB: WROOM-32E, C3-MINI-1, C6-WROOM-1 (8 MB sold as well), S3-WROOM-1-N4 and larger. Names of platforms: the SDK's `build/devices/esp32/targets`. */
const boards: readonly Board[] = [
  { id: 'esp32', chip: 'esp32', platform: 'esp32', flashMegabytes: 4 },
  { id: 'esp32c3', chip: 'esp32c3', platform: 'esp32/esp32c3', flashMegabytes: 4 },
  { id: 'esp32c6', chip: 'esp32c6', platform: 'esp32/esp32c6', flashMegabytes: 4 },
  { id: 'esp32s3', chip: 'esp32s3', platform: 'esp32/esp32s3', flashMegabytes: 4 },
];

export function boardOf(id: string | undefined): Board {
  const board = boards.find((each) => each.id === id);
  if (board) return board;
  throw new Problem(
    'usage',
    id === undefined ? 'no board was named' : `there is no board "${id}"`,
    `Name one with --board: ${boards.map((each) => each.id).join(', ')}.`,
  );
}
