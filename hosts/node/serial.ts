/** Serial on the `serialport` library: real devices and ptys alike. */
import { readdir } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import type { Serial } from '../../firmware/core/ports/index.js';
import { messageOf, Problem } from './problem.js';

/** What ESP-IDF's console and every USB bridge take without being asked. */
const BAUD_RATE = 115_200;
/** Octets handed to the operating system ahead of its reports; enough to keep 115,200 baud busy for 20 ms. */
const AHEAD = 256;

export interface OpenSerial extends Serial {
  /** Called whenever `room` has grown. */
  onRoom(handler: () => void): void;
  /** The device is gone (unplugged), or was closed by `close`; called once. */
  onClosed(handler: (why: string) => void): void;
  close(): Promise<void>;
}

/** Opens the device exclusively. Fails with a Problem `serial-missing`, `serial-denied`, `serial-busy` or `serial-failed`. */
export async function openSerial(device: string): Promise<OpenSerial> {
  // hupcl off: closing must not drop DTR, which resets many boards.
  const port = new SerialPort({ path: device, baudRate: BAUD_RATE, autoOpen: false, hupcl: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(explain(device, error)) : resolve())));

  let pending = 0;
  let roomHandler = (): void => undefined;
  let closedHandler: (why: string) => void = () => undefined;
  let closedWhy: string | undefined;
  const closed = new Promise<void>((resolve) => {
    port.on('close', (error: Error | null) => {
      closedWhy = error ? `${device} was unplugged (${error.message})` : `${device} was closed`;
      closedHandler(closedWhy);
      resolve();
    });
  });
  port.on('error', () => undefined); // A failed read or write also closes the port, and `close` says so once.

  return {
    room: () => (port.isOpen ? AHEAD - pending : 0),
    write(bytes) {
      pending += bytes.length;
      port.write(Buffer.from(bytes), () => {
        pending -= bytes.length;
        if (port.isOpen) roomHandler();
      });
    },
    onReceive: (handler) => void port.on('data', (bytes: Buffer) => handler(bytes)),
    onRoom: (handler) => void (roomHandler = handler),
    onClosed(handler) {
      closedHandler = handler;
      if (closedWhy !== undefined) handler(closedWhy);
    },
    async close() {
      if (port.isOpen) port.close();
      await closed;
    },
  };
}

/** Devices that look like a board: USB serial bridges and USB-serial-JTAG. Read from /dev, because the library's own list needs udevadm. */
export async function listSerial(): Promise<string[]> {
  return (await readdir('/dev')).filter((name) => /^tty(USB|ACM)\d+$/.test(name)).map((name) => `/dev/${name}`);
}

function explain(device: string, error: Error): Problem {
  const says = messageOf(error);
  if (/No such (file|device)|ENOENT|ENODEV|ENXIO/i.test(says))
    return new Problem(
      'serial-missing',
      `there is no serial device ${device}`,
      'Plug the board in, or name its device with --radio; `ls /dev/ttyUSB* /dev/ttyACM*` shows what there is.',
    );
  if (/Permission denied|EACCES/i.test(says))
    return new Problem(
      'serial-denied',
      `${device} may not be opened by this user`,
      'Add the user to its group (usually `sudo usermod -aG dialout $USER`) and log in again.',
    );
  if (/cannot lock|busy|EBUSY|temporarily unavailable/i.test(says))
    return new Problem(
      'serial-busy',
      `${device} is in use by another program`,
      `Stop the other program (a serial monitor, ModemManager, a second daemon); \`fuser ${device}\` names it.`,
    );
  return new Problem('serial-failed', `${device} could not be opened: ${says}`, 'Check the cable and the device name, then try again.');
}
