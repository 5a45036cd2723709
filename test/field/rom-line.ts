/** Lines between the flasher and a RomLoader: in this process with noise and a cable that can be pulled, and the same over a pty. */
import type { WebSerialLine } from '../../hosts/field/flash/serial-line.js';
import { RandomStream } from '../../hosts/sim/random-stream.js';
import { openPty, type Pty } from '../serial/pty.js';
import type { RomLoader } from './rom-loader.js';

export interface Noise {
  /** Share of all octets, either way, that are lost, doubled or replaced. */
  readonly share: number;
  /** Mean length of a burst, octets; 1: each octet by itself. */
  readonly burst: number;
  readonly seed: number;
}

/**
 * Two states (Gilbert, 1960): in a burst no octet arrives as it was. Bursts and not single octets, because the ROM's protocol has no check on its erase commands: with 5 %
 * of single octets spoilt more than half of those would erase a wrong place, whatever the laptop does.
 */
class Cable {
  readonly #noise: Noise;
  readonly #random: RandomStream;
  #bad = false;

  constructor(noise: Noise, way: string) {
    this.#noise = noise;
    this.#random = new RandomStream('bad cable', noise.seed, way);
  }

  pass(octets: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const octet of octets) {
      this.#step();
      if (!this.#bad) {
        out.push(octet);
        continue;
      }
      spoilt += 1;
      const kind = this.#random.below(4);
      if (kind === 0) continue;
      out.push(octet ^ (1 + this.#random.below(255)));
      if (kind === 1) out.push(this.#random.below(256));
    }
    passed += octets.length;
    return Uint8Array.from(out);
  }

  /** A burst lasts in time: it goes on, and ends, while nobody sends. */
  wait(octets: number): void {
    for (let at = 0; at < octets; at += 1) this.#step();
  }

  #step(): void {
    const { share, burst } = this.#noise;
    this.#bad = this.#bad ? this.#random.unit() >= 1 / burst : this.#random.unit() < share / (burst * (1 - share));
  }
}

const CLEAN: Noise = { share: 0, burst: 1, seed: 0 };
/** Octets that 20 ms hold at 115,200 baud: how long the flasher waits for an answer that does not come, and after one that is garbled. */
const SILENCE = 230;

let [spoilt, passed] = [0, 0];
/** Share of octets that were really spoilt since the last call. */
export function spoiltShare(): number {
  const share = passed === 0 ? 0 : spoilt / passed;
  [spoilt, passed] = [0, 0];
  return share;
}

export interface LineOptions {
  readonly noise?: Noise;
  /** The cable is pulled after so many octets towards the board. */
  readonly pullAfter?: number;
}

export class RomLine implements WebSerialLine {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  gone: string | undefined;
  /** Octets towards the board. */
  sent = 0;
  readonly #rom: RomLoader;
  readonly #pullAfter: number;
  readonly #there: Cable;
  readonly #back: Cable;

  constructor(rom: RomLoader, { noise = CLEAN, pullAfter = Infinity }: LineOptions = {}) {
    this.#rom = rom;
    this.#pullAfter = pullAfter;
    this.#there = new Cable(noise, 'there');
    this.#back = new Cable(noise, 'back');
  }

  async open(): Promise<void> {
    let answers!: ReadableStreamDefaultController<Uint8Array>;
    let open = true;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (answers = controller),
      cancel: () => void (open = false),
    });
    this.writable = new WritableStream<Uint8Array>({
      write: (octets) => {
        if (this.gone !== undefined) return;
        const left = this.#pullAfter - this.sent;
        this.sent += octets.length;
        const arrived = this.#there.pass(octets.subarray(0, Math.max(0, Math.min(left, octets.length))));
        const said = this.#rom.feed(arrived);
        const answer = this.#back.pass(said);
        if (answer.length === 0 || !Buffer.from(said).equals(answer)) for (const cable of [this.#there, this.#back]) cable.wait(SILENCE);
        if (left < octets.length) {
          this.gone = 'the cable was pulled';
          if (open) answers.close();
          open = false;
        } else if (open && answer.length > 0) answers.enqueue(answer);
      },
    });
  }

  async close(): Promise<void> {
    [this.readable, this.writable] = [null, null];
  }

  async setSignals(): Promise<void> {}
  async setBaudRate(): Promise<void> {}
  getInfo(): Record<string, never> {
    return {};
  }
}

/** The same board behind a real terminal device; both directions through the noise. */
export async function romOnPty(rom: RomLoader, noise: Noise = CLEAN): Promise<Pty> {
  const pty = await openPty();
  const [there, back] = [new Cable(noise, 'there'), new Cable(noise, 'back')];
  pty.output.on('data', (octets: Buffer) => {
    const answer = back.pass(rom.feed(there.pass(octets)));
    if (answer.length > 0) pty.input.write(answer);
  });
  return pty;
}
