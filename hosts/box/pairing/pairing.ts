/**
 * The box's end of the radio: finds the serial device, keeps it open, and runs the serial line over it.
 *
 *   searching -> open        the device opens; the line greets, pairs or is refused (firmware/core/link, SerialLine)
 *   open      -> searching   unplugged
 *   any       -> stopped     stop
 */
import { SerialLine, type SerialLineEffect } from '../../../firmware/core/link/index.js';
import { hex } from '../../../firmware/core/base/index.js';
import type { Clock, Kernels } from '../../../firmware/core/ports/index.js';
import type { Hello } from '../../../firmware/core/wire/index.js';
import { listSerial, MachineDriver, messageOf, openSerial, Problem, type OpenSerial } from '../../node/index.js';
import type { LineCounters, RadioStatus } from '../api/index.js';

/** Between tries to open the device: a person who plugs it in sees the answer at once. */
const TRY_EVERY = 1_000;
/** Octets that the operating system holds unread (a Linux tty's buffer). */
const HOLDS = 4_096;

export interface PairingOptions {
  /** Path of the device, or `auto`: the only one that looks like a board. */
  readonly device: string;
  /** Compressed public key of the box. */
  readonly key: Uint8Array;
  /** Name and version of the box, at most 40 octets. */
  readonly name: string;
  /** 32 random bits. */
  readonly session: number;
  readonly clock: Clock;
  readonly hashes: Pick<Kernels, 'sha256'>;
  readonly log: (line: string) => void;
  /** The line is paired, or no longer. */
  readonly link: (up: boolean) => void;
  readonly frame: (bytes: Uint8Array) => void;
  /** Answer to each `send`. */
  readonly sent: (ok: boolean) => void;
  readonly changed: () => void;
}

type State =
  | { readonly at: 'searching'; readonly problem?: Problem }
  | { readonly at: 'greeting' }
  | { readonly at: 'refused'; readonly reason: string; readonly remedy: string }
  | { readonly at: 'paired'; readonly hello: Hello };

export class Pairing {
  readonly #options: PairingOptions;
  readonly #line: SerialLine;
  readonly #driver: MachineDriver<Parameters<SerialLine['handle']>[1], SerialLineEffect>;
  #port: OpenSerial | undefined;
  /** The device in use or looked for. */
  #device: string;
  #state: State = { at: 'searching' };
  #retry: NodeJS.Timeout | undefined;
  #opening: Promise<void>;
  #stopped = false;

  constructor(options: PairingOptions) {
    this.#options = options;
    this.#device = options.device;
    this.#line = new SerialLine({ name: options.name, role: 'box', key: options.key, session: options.session, holds: HOLDS });
    this.#driver = new MachineDriver(this.#line, options.clock, (effect) => this.#perform(effect));
    this.#opening = this.#open();
  }

  send(frame: Uint8Array): void {
    this.#driver.feed({ type: 'send', frame });
  }

  status(): RadioStatus {
    const device = this.#device;
    const state = this.#state;
    switch (state.at) {
      case 'searching':
        return state.problem
          ? { state: 'searching', device, problem: state.problem.message, remedy: state.problem.remedy }
          : { state: 'searching', device };
      case 'greeting':
        return {
          state: 'searching',
          device,
          problem: `${device} is open, but no board has answered on it yet`,
          remedy: 'Check that the board runs MeshBox firmware and that this is its serial port; a reset of the board may help.',
        };
      case 'refused':
        return { state: 'refused', device, problem: state.reason, remedy: state.remedy };
      case 'paired': {
        const { name, session, key } = state.hello;
        return {
          state: 'paired',
          device,
          boardId: hex(idOf(this.#options.hashes, key)),
          firmware: name,
          session,
          counters: this.#counters(),
        };
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#driver.stop();
    await this.#opening;
    await this.#port?.close();
  }

  #counters(): LineCounters {
    const { framesSent, framesReceived, retransmissions, badFrames, pairings } = this.#line.counters();
    return { framesSent, framesReceived, retransmissions, badFrames, reconnects: pairings - 1 };
  }

  async #open(): Promise<void> {
    try {
      this.#device = this.#options.device === 'auto' ? await onlyDevice() : this.#options.device;
      const port = await openSerial(this.#device);
      if (this.#stopped) return void (await port.close());
      this.#use(port);
    } catch (error) {
      if (this.#stopped) return;
      const problem =
        error instanceof Problem ? error : new Problem('serial-failed', messageOf(error), 'Check the cable and the device name.');
      const before = this.#state.at === 'searching' ? this.#state.problem?.message : undefined;
      if (problem.message !== before) this.#become({ at: 'searching', problem }, `${problem.message}. ${problem.remedy}`);
      this.#retry = setTimeout(() => (this.#opening = this.#open()), TRY_EVERY);
    }
  }

  /** searching -> open */
  #use(port: OpenSerial): void {
    this.#port = port;
    const room = (): void => this.#driver.feed({ type: 'room', octets: port.room() });
    port.onReceive((bytes) => this.#driver.feed({ type: 'octets', bytes }));
    port.onRoom(room);
    port.onClosed((why) => this.#closed(why));
    this.#become({ at: 'greeting' }, `${this.#device} is open`);
    room();
  }

  /** open -> searching */
  #closed(why: string): void {
    this.#port = undefined;
    if (this.#stopped) return;
    this.#driver.feed({ type: 'closed' });
    this.#become({ at: 'searching', problem: new Problem('serial-closed', why, 'Plug the board in again: it is found by itself.') }, why);
    this.#retry = setTimeout(() => (this.#opening = this.#open()), TRY_EVERY);
  }

  #perform(effect: SerialLineEffect): void {
    switch (effect.type) {
      case 'write':
        return this.#port?.write(effect.bytes);
      case 'frame':
        return this.#state.at === 'paired' ? this.#options.frame(effect.bytes) : undefined;
      case 'sent':
        return this.#options.sent(effect.ok);
      case 'paired': {
        if (effect.hello.role !== 'board') {
          const reason = `the other end of ${this.#device} is a ${effect.hello.role}, not a board`;
          return this.#become({ at: 'refused', reason, remedy: 'Connect a radio board to this port.' }, reason);
        }
        const id = hex(idOf(this.#options.hashes, effect.hello.key));
        this.#become({ at: 'paired', hello: effect.hello }, `paired with board ${id} (${effect.hello.name}) on ${this.#device}`);
        return this.#options.link(true);
      }
      case 'lost': {
        const wasUp = this.#state.at === 'paired';
        this.#become({ at: 'greeting' }, `the board is lost (${effect.reason}); looking for it`);
        return wasUp ? this.#options.link(false) : undefined;
      }
      case 'refused':
        return this.#become({ at: 'refused', reason: effect.reason, remedy: effect.remedy }, `${effect.reason}. ${effect.remedy}`);
    }
  }

  #become(state: State, line: string): void {
    this.#state = state;
    this.#options.log(`radio: ${line}`);
    this.#options.changed();
  }
}

async function onlyDevice(): Promise<string> {
  const devices = await listSerial();
  if (devices.length === 1) return devices[0]!;
  throw devices.length === 0
    ? new Problem('serial-missing', 'no serial device is plugged in', 'Plug a board in, or name its device with --radio.')
    : new Problem(
        'serial-ambiguous',
        `there is more than one serial device: ${devices.join(', ')}`,
        "Name the board's device with --radio.",
      );
}

function idOf(hashes: Pick<Kernels, 'sha256'>, key: Uint8Array): Uint8Array {
  const hash = new Uint8Array(32);
  hashes.sha256(hash, key);
  return hash.subarray(0, 8);
}
