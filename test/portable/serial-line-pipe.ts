/**
 * Two ends of a serial line joined by octet pipes in virtual time: 115,200 baud, a receive buffer that overflows, and faults drawn from a seed.
 */
import { millis, type Millis } from '../../firmware/core/base/index.js';
import { SerialLine, type SerialLineEffect, type SerialLineOptions } from '../../firmware/core/link/index.js';

/** 115,200 baud with start and stop bit, in octets per millisecond. */
const RATE = 11;

export interface Faults {
  /** Per million octets: lost, doubled, one bit flipped. */
  readonly lost: number;
  readonly doubled: number;
  readonly corrupted: number;
  /** Per million octets: a burst of up to 200 octets in which every one is hit by one of the three. */
  readonly bursts: number;
}
export const NO_FAULTS: Faults = { lost: 0, doubled: 0, corrupted: 0, bursts: 0 };

/** xorshift32 (Marsaglia, 2003). */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 1;
  }
  /** 0..bound-1 */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }
}

/** One end: the machine, its receive buffer, and what it said. */
export class End {
  line: SerialLine;
  readonly options: SerialLineOptions;
  /** Octets that a reader that does not come loses. */
  readonly buffer: number;
  /** Longest turn in which nobody reads, in milliseconds. */
  readonly turn: number;
  readonly frames: Uint8Array[] = [];
  readonly events: string[] = [];
  sentOk = 0;
  sentNot = 0;
  unread: number[] = [];
  overflow = 0;
  readAt = 0;
  other: End | undefined;
  onTheWay: number[] = [];
  /** Cut: octets of this end go nowhere. */
  mute = false;
  refusal = '';

  constructor(options: Partial<SerialLineOptions> & { readonly role: 'box' | 'board' }, turn = 0, buffer = options.holds ?? 128) {
    this.options = {
      name: `test ${options.role}`,
      key: new Uint8Array(33).fill(options.role === 'box' ? 2 : 3),
      session: 0x1000_0000,
      holds: 128,
      ...options,
    };
    this.buffer = buffer;
    this.turn = turn;
    this.line = new SerialLine(this.options);
  }

  /** Power cycle: everything that was known is forgotten, what is on the way stays there. */
  restart(session: number): void {
    this.line = new SerialLine({ ...this.options, session });
    this.unread = [];
  }
}

export class Pipe {
  readonly a: End;
  readonly b: End;
  now: Millis = millis(0);
  readonly #faults: Faults;
  readonly #chance: Chance;
  #burst = 0;

  constructor(a: End, b: End, faults: Faults = NO_FAULTS, seed = 1) {
    this.a = a;
    this.b = b;
    a.other = b;
    b.other = a;
    this.#faults = faults;
    this.#chance = new Chance(seed);
    for (const end of [a, b]) this.plug(end);
  }

  plug(end: End): void {
    this.give(end, { type: 'room', octets: 1 << 20 });
  }

  unplug(end: End): void {
    end.onTheWay = [];
    this.give(end, { type: 'closed' });
  }

  send(end: End, frame: Uint8Array): void {
    this.give(end, { type: 'send', frame });
  }

  give(end: End, input: Parameters<SerialLine['handle']>[1]): void {
    end.line.handle(this.now, input);
    for (let effect = end.line.poll(); effect; effect = end.line.poll()) this.#perform(end, effect);
  }

  /** Virtual milliseconds pass until the condition holds; false if it does not within `limit`. */
  run(limit: number, until: () => boolean = () => false): boolean {
    const end = this.now + limit;
    while (this.now < end) {
      if (until()) return true;
      this.#step(end);
    }
    return until();
  }

  #step(limit: number): void {
    const busy = [this.a, this.b].some((end) => end.onTheWay.length + end.unread.length > 0);
    const next = busy ? this.now + 1 : Math.min(this.a.line.deadline(), this.b.line.deadline(), limit);
    this.now = millis(next > this.now ? next : this.now + 1);
    for (const end of [this.a, this.b]) this.#carry(end, end.other!);
    for (const end of [this.a, this.b]) {
      if (this.now < end.readAt) continue;
      end.readAt = this.now + this.#chance.below(end.turn + 1);
      if (end.unread.length > 0) {
        const bytes = new Uint8Array(end.unread);
        end.unread = [];
        this.give(end, { type: 'octets', bytes });
      }
      if (this.now >= end.line.deadline()) this.give(end, { type: 'tick' });
    }
  }

  #carry(from: End, to: End): void {
    for (const octet of from.onTheWay.splice(0, RATE)) {
      if (from.mute) continue;
      for (const arriving of this.#spoil(octet)) {
        if (to.unread.length < to.buffer) to.unread.push(arriving);
        else to.overflow += 1;
      }
    }
  }

  #spoil(octet: number): number[] {
    const { lost, doubled, corrupted, bursts } = this.#faults;
    if (lost + doubled + corrupted + bursts === 0) return [octet];
    let draw = this.#chance.below(1_000_000);
    if (this.#burst > 0) {
      this.#burst -= 1;
      draw = this.#chance.below(lost + doubled + corrupted);
    }
    if (draw < lost) return [];
    if (draw < lost + doubled) return [octet, octet];
    if (draw < lost + doubled + corrupted) return [octet ^ (1 << this.#chance.below(8))];
    if (draw < lost + doubled + corrupted + bursts) this.#burst = this.#chance.below(200);
    return [octet];
  }

  #perform(end: End, effect: SerialLineEffect): void {
    if (effect.type === 'write') end.onTheWay.push(...effect.bytes);
    else if (effect.type === 'frame') end.frames.push(effect.bytes);
    else if (effect.type === 'sent') {
      if (effect.ok) end.sentOk += 1;
      else end.sentNot += 1;
    } else if (effect.type === 'paired') end.events.push(`paired ${effect.hello.name}`);
    else if (effect.type === 'lost') end.events.push(`lost ${effect.reason}`);
    else {
      end.events.push('refused');
      end.refusal = `${effect.reason}. ${effect.remedy}`;
    }
  }
}
