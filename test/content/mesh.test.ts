/** A photograph by its CID over three hops of the simulated air, from real stores: verified, cut on the way, cached, and fetched again from the nearer one. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { CID } from 'multiformats/cid';
import { micros, millis } from '../../firmware/core/base/index.js';
import { defaultCaps, type NodeEffect } from '../../firmware/core/node/index.js';
import type { Address } from '../../firmware/core/transport/index.js';
import { MeshContent } from '../../hosts/box/content/index.js';
import { ContentStore } from '../../hosts/box/store/index.js';
import type { Outcome } from '../../hosts/box/traffic/index.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { NodeMesh } from '../../hosts/sim/node-mesh.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-mesh-content-'));
after(() => rm(folder, { recursive: true }));

/** A box beside a station of the simulated air: its store is real, its time the air's. */
class AirBox {
  readonly store: ContentStore;
  readonly #mesh: NodeMesh;
  readonly #station: number;
  readonly #outcomes = new Map<number, (outcome: Outcome) => void>();
  content: MeshContent;
  /** Octets of content messages that it has sent. */
  sent = 0;
  #token = 1;

  constructor(mesh: NodeMesh, station: number, store: ContentStore) {
    [this.#mesh, this.#station, this.store] = [mesh, station, store];
    this.content = this.#begin();
  }

  /** The process starts anew; store and disk stay. */
  restart(): void {
    this.content.stop();
    this.content = this.#begin();
  }

  effect(effect: NodeEffect): void {
    if (effect.type === 'message') this.content.message(effect.from, effect.payload.slice());
    if (effect.type === 'outcome') this.#outcomes.get(effect.token)?.(effect.outcome);
  }

  #begin(): MeshContent {
    const now = (): number => Math.floor(this.#mesh.world.now / 1_000);
    return new MeshContent({
      store: this.store,
      clock: { now: () => ({ mono: millis(now()), error: 0 }) } as never,
      send: (to: Address, payload: Uint8Array) =>
        new Promise((resolve) => {
          const token = this.#token++;
          this.sent += payload.length;
          this.#outcomes.set(token, resolve);
          this.#mesh.command(this.#station, { type: 'send', token, to, class: 'free', payload });
        }),
      log: () => undefined,
    });
  }
}

test(
  'a photograph over three hops: it arrives whole, survives a restart of its reader, and the next reader takes it from the cache',
  { timeout: 120_000 },
  async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const boxes = new Map<number, AirBox>();
    const { messages, messageOctets, octets } = defaultCaps.leaf;
    const mesh = new NodeMesh({
      seed: 7,
      topology: makeTopology('line:4'),
      caps: { messages, messageOctets, octets },
      effect: (board, _, effect) => boxes.get(board)?.effect(effect),
    });
    for (const station of [0, 2, 3]) boxes.set(station, new AirBox(mesh, station, await ContentStore.open(join(folder, String(station)))));
    for (const board of mesh.ids.keys()) mesh.world.start(board, micros(board * 10_000));
    const [owner, middle, reader] = [boxes.get(0)!, boxes.get(2)!, boxes.get(3)!];
    /** Virtual time goes on in steps that leave the disks time to answer. */
    const until = async (seconds: number, holds: () => boolean, what: string): Promise<void> => {
      const last = mesh.world.now + seconds * 1_000_000;
      while (!holds()) {
        assert.ok(mesh.world.now < last, `${what}: not within ${seconds} virtual seconds`);
        await mesh.world.run(micros(mesh.world.now + 50_000));
        mock.timers.tick(50);
        for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await until(120, () => mesh.reach().reached === 12, 'routes');

    const photo = await readFile(new URL('../../hosts/cli/start/beach.jpg', import.meta.url));
    const { cid } = await owner.store.add([photo], { name: 'beach.jpg', mediaType: 'image/jpeg' });
    const at = (station: number): Address => ({ node: mesh.ids[station]! });
    let [done, verified] = [false, 0];
    const get = (box: AirBox, from: number): void => {
      box.content
        .fetch(CID.parse(cid), [at(from)], { class: 'cache', name: 'beach.jpg' }, (octetsDone) => (verified = octetsDone))
        .done.then(
          () => (done = true),
          () => undefined,
        );
    };
    get(reader, 0);
    await until(300, () => verified >= photo.length / 3, 'the first third');
    reader.restart();
    const before = owner.sent;
    get(reader, 0);
    await until(600, () => done, 'the rest');
    assert.deepEqual(await reader.store.read(cid, 0, Infinity), photo);
    const rest = owner.sent - before;
    // Two pieces of 64 KiB may have been under way when it restarted.
    assert.ok(rest < photo.length - verified + photo.length * 0.67 + 160_000, `${rest} octets for the rest`);

    // Two hops nearer there is a copy now: the owner sends nothing.
    const quiet = owner.sent;
    done = false;
    get(middle, 3);
    await until(600, () => done, 'from the cache');
    assert.deepEqual(await middle.store.read(cid, 0, Infinity), photo);
    assert.equal(owner.sent, quiet);
    for (const box of boxes.values()) {
      box.content.stop();
      await box.store.close();
    }
    await mesh.stop();
  },
);
