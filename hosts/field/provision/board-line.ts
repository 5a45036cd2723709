/** Who is on the other end of a serial device: the board's own word, over the same line that a box pairs on. */
import { SerialLine } from '../../../firmware/core/link/index.js';
import type { Hello } from '../../../firmware/core/wire/index.js';
import { randomBytes } from 'node:crypto';
import { createClock, MachineDriver, openSerial, Problem } from '../../node/index.js';

/** Octets that the operating system holds unread (a Linux tty's buffer). */
const HOLDS = 4_096;
/** A board that runs says hello twice a second; one that has just been plugged in boots for two. */
const WAIT = 10_000;

/**
 * Pairs with the board, learns its key, and lets it go. The key is made on the board at its first start and its secret never leaves it.
 * @param key of whoever asks, 33 octets
 */
export async function greet(device: string, key: Uint8Array, wait = WAIT): Promise<Hello> {
  const port = await openSerial(device);
  const line = new SerialLine({ name: 'meshbox provision', role: 'box', key, session: randomBytes(4).readUInt32BE(), holds: HOLDS });
  let driver: MachineDriver<Parameters<SerialLine['handle']>[1], NonNullable<ReturnType<SerialLine['poll']>>> | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Hello>((resolve, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Problem(
              'no-board',
              `no MeshBox board answers at ${device}`,
              'Flash it first (`meshbox flash`), press its RESET, and stop a daemon that holds the device.',
            ),
          ),
        wait,
      );
      driver = new MachineDriver(line, createClock(), (effect) => {
        if (effect.type === 'write') port.write(effect.bytes);
        else if (effect.type === 'paired') resolve(effect.hello);
        else if (effect.type === 'refused') reject(new Problem('version', effect.reason, effect.remedy));
      });
      const room = (): void => driver!.feed({ type: 'room', octets: port.room() });
      port.onReceive((bytes) => driver!.feed({ type: 'octets', bytes }));
      port.onRoom(room);
      port.onClosed((why) => reject(new Problem('board-gone', why, 'Plug it in again and repeat the command.')));
      room();
    });
  } finally {
    clearTimeout(timer);
    driver?.stop();
    await port.close();
  }
}
