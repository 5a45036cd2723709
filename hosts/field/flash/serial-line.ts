/** A serial device in the shape of Web Serial, which esptool-js speaks, on the `serialport` library. */
import { Transport } from 'esptool-js';
import { SerialPort } from 'serialport';
import { messageOf } from '../../node/index.js';

/** What esptool-js uses of a Web Serial port, and whether it is still there. */
export interface WebSerialLine {
  readonly readable: ReadableStream<Uint8Array> | null;
  readonly writable: WritableStream<Uint8Array> | null;
  /** Why nothing more will come: unplugged. */
  readonly gone: string | undefined;
  open(options: { readonly baudRate: number }): Promise<void>;
  close(): Promise<void>;
  setSignals(signals: { readonly dataTerminalReady?: boolean; readonly requestToSend?: boolean }): Promise<void>;
  setBaudRate(baudRate: number): Promise<void>;
  getInfo(): { readonly usbVendorId?: number; readonly usbProductId?: number };
}

export class SerialLine implements WebSerialLine {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  gone: string | undefined;
  readonly #device: string;
  #port: SerialPort | undefined;

  constructor(device: string) {
    this.#device = device;
  }

  async open({ baudRate }: { readonly baudRate: number }): Promise<void> {
    const port = new SerialPort({ path: this.#device, baudRate, autoOpen: false, hupcl: false });
    await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
    this.#port = port;
    port.on('error', () => undefined); // `close` follows.
    let closed = false;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        port.on('data', (octets: Buffer) => closed || controller.enqueue(new Uint8Array(octets)));
        port.on('close', (error: Error | null) => {
          if (error) this.gone = `${this.#device} was unplugged (${messageOf(error)})`;
          if (!closed) controller.close();
          closed = true;
        });
      },
      cancel: () => void (closed = true),
    });
    // A failed write is not told here: esptool-js would keep the stream locked for ever. Whoever waits for the answer looks at `gone`.
    this.writable = new WritableStream<Uint8Array>({
      write: (octets) => new Promise((resolve) => (port.isOpen ? void port.write(Buffer.from(octets), () => resolve()) : resolve())),
    });
  }

  async close(): Promise<void> {
    const port = this.#port;
    [this.readable, this.writable] = [null, null];
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  /** A line without DTR and RTS (a pty, some bridges) cannot reset the board: its owner holds BOOT instead. */
  async setSignals({
    dataTerminalReady,
    requestToSend,
  }: {
    readonly dataTerminalReady?: boolean;
    readonly requestToSend?: boolean;
  }): Promise<void> {
    const signals = {
      ...(dataTerminalReady === undefined ? {} : { dtr: dataTerminalReady }),
      ...(requestToSend === undefined ? {} : { rts: requestToSend }),
    };
    await new Promise<void>((resolve) => this.#port?.set(signals, () => resolve()));
  }

  async setBaudRate(baudRate: number): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#port!.update({ baudRate }, (error) => (error ? reject(error) : resolve())));
  }

  /** Unknown: the library's list of ids needs udevadm, which a plain Debian does not have. */
  getInfo(): Record<string, never> {
    return {};
  }
}

/** esptool-js writes its read loop's end to the console, traced or not. */
export class QuietTransport extends Transport {
  override trace(): void {
    // Problems are told by those who meet them.
  }
}
