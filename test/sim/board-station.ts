/** The board runtime that XS boards run, on Node with the TypeScript kernels (the curve in wasm) and the same seeded entropy: for comparing engines. */
import { millis, NEVER, Prng, type Millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { startBoard, type Board } from '../../firmware/core/node/index.js';
import type { RadioFrame, RadioKind } from '../../firmware/core/ports/index.js';
import { cryptoOf, type Identity } from '../../hosts/sim/mesh.js';
import type { RadioInput, Station, Transmit, Turn } from '../../hosts/sim/station.js';

const kernels = createKernels();

export interface BoardStationOptions {
  readonly identity: Identity;
  /** 16 octets. */
  readonly seed: Uint8Array;
  /** Octets of a frame, as the board's driver has them. */
  readonly mtu: Readonly<Record<RadioKind, number>>;
}

export class BoardStation implements Station {
  readonly first: Turn;
  readonly #board: Board;
  readonly #transmits: Transmit[] = [];
  /** Answers that come after the turn, in the order of the questions, as on XS. */
  readonly #later: (() => void)[] = [];
  #received: (frame: RadioFrame) => void = () => {};
  #sent: (kind: RadioKind, ok: boolean) => void = () => {};
  #mono = millis(0);

  constructor({ identity, seed, mtu }: BoardStationOptions) {
    const prng = new Prng(seed);
    const random = (octets: number): Uint8Array => Uint8Array.from({ length: octets }, () => prng.below(256));
    const { run } = cryptoOf(identity, random);
    const never = (): never => {
      throw new Error('a board on the air alone does not ask for this');
    };
    this.#board = startBoard(
      {
        radio: {
          mtu: (kind) => mtu[kind],
          transmit: (link, to, bytes) => void this.#transmits.push({ type: 'transmit', link, to: to.slice(), bytes: bytes.slice() }),
          onReceive: (handler) => void (this.#received = handler),
          onSent: (handler) => void (this.#sent = handler),
        },
        clock: { now: () => ({ mono: this.#mono, error: millis(0) }) },
        random: { request: (length, done) => void this.#later.push(() => done(random(length))) },
        signer: { publicKey: (done) => done(identity.publicKey), sign: never, ecdh: never },
        kernels,
        jobs: { run: (job, done) => void this.#later.push(() => done(run(job))) },
        health: { read: never },
        log: () => {},
      },
      { name: 'board on Node', links: ['air', 'ble'] },
    );
    this.first = this.#endTurn();
  }

  feed(now: Millis, input: RadioInput): Turn {
    this.#mono = now;
    if (input.type === 'tick') this.#board.tick(now);
    else if (input.type === 'sent') this.#sent(input.link, input.ok);
    else this.#received({ kind: input.link, from: input.from, to: input.to, rssi: input.rssi, bytes: input.bytes });
    return this.#endTurn();
  }

  #endTurn(): Turn {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
    const deadline = this.#board.deadline();
    return { transmits: this.#transmits.splice(0), deadline: deadline < 2 ** 32 - 1 ? deadline : NEVER };
  }
}
