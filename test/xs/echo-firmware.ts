/**
 * A small firmware for the tests of the XS host itself: echoes serial octets, counts what arrives, and does what the first octet of a
 * frame says.
 */
import type { Handlers, Host } from '../../hosts/xs/board/host.js';

export const Command = {
  /** Transmits the frame to everyone. */
  Echo: 1,
  /** Keeps a buffer of 256 times the operand octets. */
  KeepOctets: 2,
  /** Keeps as many small objects as the operand says, two slots each, in a chain: an array would take chunks. */
  KeepObjects: 3,
  /** Recurses 16 times the operand deep, in JavaScript alone. */
  Recurse: 4,
  /** Recurses through a native function: each level takes C stack. */
  RecurseNative: 5,
  Throw: 6,
  Reject: 7,
  /** Tries to write to what the module level holds. */
  WriteModules: 8,
  NameGlobals: 9,
  /** Makes a function from text. */
  Parse: 10,
  /** Lets every later serial turn spend 4,096 times the operand rounds. */
  SlowSerial: 11,
  /** Makes 128,000 octets of garbage. */
  Litter: 12,
  /** Stores 512 octets, all equal to the second operand, under the key that the first one numbers. */
  Put: 13,
  /** Reads that key: the octets that occur in the value. */
  Get: 14,
  PutLongKey: 15,
  Random: 16,
  Forever: 17,
  /** Copies values that the module level computed, collects garbage many times over them, and compares. */
  CopyModules: 18,
} as const;
export type Command = (typeof Command)[keyof typeof Command];

const everyone = [255, 255, 255, 255, 255, 255];
const moduleMap = new Map<string, number>();
const moduleTexts = ['a', 'b', 'c'].map((letter) => `${letter}-${letter}`);
const moduleNumber = 3n ** 99n;
const moduleBuffer = new Uint8Array(4);
class Classic {
  static count = 0;
}

export function start(host: Host): Handlers {
  const kept: unknown[] = [];
  let chain: object = kept;
  const counters = { ticks: 0, frames: 0, sent: 0, octets: 0, refused: 0, found: '' };
  let deadline = Infinity;
  let slowness = 0;

  const attempt = (body: () => void): void => {
    try {
      body();
    } catch {
      counters.refused += 1;
    }
  };
  const spend = (rounds: number): void => {
    let sum = 0;
    for (let i = 0; i < rounds; i += 1) sum = (sum + i) | 0;
  };
  const recurse = (depth: number): number => (depth === 0 ? 0 : 1 + recurse(depth - 1));
  const recurseNative = (depth: number): void => void (depth > 0 && [depth].forEach((d) => recurseNative(d - 1)));

  const commands: Record<Command, (operand: number, second: number, bytes: Uint8Array) => void> = {
    [Command.Echo]: (_operand, _second, bytes) => host.transmit(0, new Uint8Array(everyone), bytes),
    [Command.KeepOctets]: (operand) => void kept.push(new ArrayBuffer(operand << 8)),
    [Command.KeepObjects]: (operand) => {
      for (let i = 0; i < operand; i += 1) chain = { chain };
    },
    [Command.Recurse]: (operand) => void recurse(operand << 4),
    [Command.RecurseNative]: (operand) => recurseNative(operand),
    [Command.Throw]: () => {
      throw new TypeError('as asked');
    },
    [Command.Reject]: () => void Promise.reject(new Error('as asked')),
    [Command.WriteModules]: () => {
      attempt(() => moduleMap.set('a', 1));
      attempt(() => moduleBuffer.fill(1));
      attempt(() => (Classic.count = 1));
      attempt(() => Object.assign(Array.prototype, { mine: 1 }));
    },
    [Command.NameGlobals]: () => {
      const own = Object.getOwnPropertyNames(globalThis);
      const inherited = Object.getOwnPropertyNames(Object.getPrototypeOf(globalThis));
      counters.found = [...new Set([...own, ...inherited]), ...Object.getOwnPropertyNames(Math).filter((name) => name === 'random')]
        .sort()
        .join(' ');
    },
    [Command.Parse]: () => void Reflect.construct(Object.getPrototypeOf(spend).constructor as typeof Object, ['return 1']),
    [Command.SlowSerial]: (operand) => void (slowness = operand << 12),
    [Command.Litter]: () => {
      for (let i = 0; i < 2000; i += 1) new ArrayBuffer(64);
    },
    [Command.Put]: (operand, second) => host.put(`key${operand}`, new Uint8Array(512).fill(second)),
    [Command.Get]: (operand) => {
      const value = host.get(`key${operand}`);
      counters.found = value === undefined ? 'nothing' : `${value.byteLength}: ${[...new Set(new Uint8Array(value))].join(' ')}`;
    },
    [Command.PutLongKey]: () => attempt(() => host.put('sixteen-is-a-lot', new Uint8Array(1))),
    [Command.Random]: () => {
      const octets = new Uint8Array(16);
      host.random(octets);
      counters.found = octets.join(' ');
    },
    [Command.CopyModules]: () => {
      const copies = moduleTexts.map((text) => ({ text, number: moduleNumber }));
      for (let i = 0; i < 5; i += 1) commands[Command.Litter](0, 0, moduleBuffer);
      const whole = copies.filter(({ text, number }, i) => text === `${'abc'[i]!}-${'abc'[i]!}` && number / 3n ** 98n === 3n);
      counters.found = `${whole.length} of ${copies.length}`;
    },
    [Command.Forever]: () => {
      for (;;) spend(1000);
    },
  };

  return {
    tick: (now) => {
      counters.ticks += 1;
      deadline = now + 1000;
    },
    frame: (_now, _kind, _rssi, buffer) => {
      counters.frames += 1;
      const bytes = new Uint8Array(buffer, 12);
      commands[bytes[0] as Command](bytes[1] ?? 0, bytes[2] ?? 0, bytes);
    },
    sent: () => void (counters.sent += 1),
    serial: (_now, _a, _b, buffer) => {
      counters.octets += buffer.byteLength;
      spend(slowness);
      host.serialWrite(new Uint8Array(buffer));
    },
    deadline: () => deadline,
    counters: () => JSON.stringify(counters),
  };
}
