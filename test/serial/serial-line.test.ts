/** The serial line and the Serial port over real ptys, with a proxy between them that spoils octets. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { SerialLine, type SerialLineEffect } from '../../firmware/core/link/index.js';
import { createClock, MachineDriver, openSerial, Problem, type OpenSerial } from '../../hosts/node/index.js';
import { joinPtys, openPty, type Faults } from './pty.js';

const CLEAN: Faults = { lost: 0, doubled: 0, corrupted: 0 };

class Station {
  readonly line: SerialLine;
  readonly events: string[] = [];
  readonly frames: Uint8Array[] = [];
  sent = 0;
  readonly #driver: MachineDriver<Parameters<SerialLine['handle']>[1], SerialLineEffect>;
  #watchers: (() => void)[] = [];

  constructor(port: OpenSerial, role: 'box' | 'board') {
    this.line = new SerialLine({
      name: role,
      role,
      key: new Uint8Array(33).fill(role === 'box' ? 2 : 3),
      session: role === 'box' ? 100 : 200,
      holds: role === 'box' ? 4096 : 128,
    });
    this.#driver = new MachineDriver(this.line, createClock(), (effect) => {
      if (effect.type === 'write') return port.write(effect.bytes);
      if (effect.type === 'frame') this.frames.push(effect.bytes);
      else if (effect.type === 'sent') this.sent += 1;
      else this.events.push(effect.type === 'lost' ? `lost ${effect.reason}` : effect.type);
      for (const watch of this.#watchers) watch();
    });
    const room = (): void => this.#driver.feed({ type: 'room', octets: port.room() });
    port.onReceive((bytes) => this.#driver.feed({ type: 'octets', bytes }));
    port.onRoom(room);
    port.onClosed(() => this.#driver.feed({ type: 'closed' }));
    room();
  }

  send(frame: Uint8Array): void {
    this.#driver.feed({ type: 'send', frame });
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = (): void => {
        if (!condition()) return;
        this.#watchers = this.#watchers.filter((each) => each !== watch);
        resolve();
      };
      this.#watchers.push(watch);
      watch();
    });
  }

  stop(): void {
    this.#driver.stop();
  }
}

async function pair(t: TestContext, faults: Faults, seed: number): Promise<{ box: Station; board: Station; unplug: () => Promise<void> }> {
  const [left, right] = [await openPty(), await openPty()];
  joinPtys(left, right, faults, seed);
  const ports = [await openSerial(left.device), await openSerial(right.device)];
  const [box, board] = [new Station(ports[0]!, 'box'), new Station(ports[1]!, 'board')];
  t.after(async () => {
    for (const station of [box, board]) station.stop();
    await Promise.all([left.unplug(), right.unplug()]);
    await Promise.all(ports.map((port) => port.close()));
  });
  await Promise.all([box, board].map((station) => station.until(() => station.events.includes('paired'))));
  return { box, board, unplug: left.unplug };
}

/** Frames of many lengths whose content follows from their number. */
const frameOf = (number: number): Uint8Array => new Uint8Array(createHash('sha512').update(`${number}`).digest().buffer, 0, number % 65);

for (const [name, faults, seed] of [
  ['clean', CLEAN, 1],
  ['lost, doubled and corrupted octets', { lost: 300, doubled: 300, corrupted: 300 }, 20_261_122],
] as const) {
  test(`two ptys, ${name}: every frame arrives once and in order, both ways (seed ${seed})`, { timeout: 60_000 }, async (t) => {
    const { box, board } = await pair(t, faults, seed);
    const count = 80;
    const large = new Uint8Array(1_024).map((_, i) => (i * 7) & 0xff);
    const pump = async (from: Station, to: Station): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        from.send(i % 10 === 0 ? large : frameOf(i));
        await from.until(() => from.sent === i + 1);
      }
      await to.until(() => to.frames.length >= count);
    };
    await Promise.all([pump(box, board), pump(board, box)]);
    for (const station of [box, board]) {
      assert.equal(station.frames.length, count);
      for (let i = 0; i < count; i += 1) assert.deepEqual(station.frames[i], i % 10 === 0 ? large : frameOf(i), `frame ${i}, seed ${seed}`);
      assert.deepEqual(station.events, ['paired'], 'the session held');
    }
    const bad = box.line.counters().badFrames + board.line.counters().badFrames;
    if (faults === CLEAN) assert.equal(bad, 0);
    else assert.ok(bad > 0, 'the proxy spoilt nothing: the test proves nothing');
  });
}

test('unplugging closes the port and ends the session at once', { timeout: 20_000 }, async (t) => {
  const { box, unplug } = await pair(t, CLEAN, 3);
  await unplug();
  await box.until(() => box.events.at(-1) === 'lost closed');
});

test('a missing device is named, with the remedy', async () => {
  await assert.rejects(openSerial('/dev/ttyUSB77'), (error) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, 'serial-missing');
    assert.match(error.message, /\/dev\/ttyUSB77/);
    assert.match(error.remedy, /--radio/);
    return true;
  });
});

test('what is no terminal is named, with a remedy', async () => {
  await assert.rejects(
    openSerial('/etc/hostname'),
    (error) => error instanceof Problem && /\/etc\/hostname/.test(error.message) && error.remedy !== '',
  );
});
