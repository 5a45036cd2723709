/**
 * The ports of firmware/core over the host object. What the C host reports as a turn arrives at `receive` and `sent`, which call the
 * handler that the firmware registered. Answers of split-phase ports come as a promise job: after the turn that asked, before the next.
 */
import { CodedError, concat, millis, type Millis } from '../../../firmware/core/base/index.js';
import type {
  Clock,
  CryptoJob,
  CryptoJobs,
  CurveKernels,
  Health,
  Kernels,
  Log,
  Radio,
  RadioFrame,
  RadioKind,
  Random,
  Serial,
  Signer,
} from '../../../firmware/core/ports/index.js';
import type { Host } from './host.js';

const kinds: readonly RadioKind[] = ['air', 'ble'];
/** Frame payloads: ESP-NOW version 1, and Bluetooth LE with an MTU of 247. */
const MTU = { air: 250, ble: 244 } as const;

/** The Signer's secret in the small store; nothing else asks the host for this key. */
const SECRET = 'secret';

function later(done: () => void): void {
  void Promise.resolve().then(done);
}

/** Time as the host hands it in with each turn. */
export class HostClock implements Clock {
  mono: Millis = millis(0);

  now(): { readonly mono: Millis; readonly error: Millis } {
    return { mono: this.mono, error: millis(0) };
  }
}

export class HostRadio implements Radio {
  readonly #host: Host;
  #received: (frame: RadioFrame) => void = () => {};
  #sent: (kind: RadioKind, ok: boolean) => void = () => {};

  constructor(host: Host) {
    this.#host = host;
  }

  mtu(kind: RadioKind): number {
    return MTU[kind];
  }

  transmit(kind: RadioKind, to: Uint8Array, bytes: Uint8Array): void {
    this.#host.transmit(kinds.indexOf(kind), to, bytes);
  }

  onReceive(handler: (frame: RadioFrame) => void): void {
    this.#received = handler;
  }

  onSent(handler: (kind: RadioKind, ok: boolean) => void): void {
    this.#sent = handler;
  }

  receive(kind: number, rssi: number, buffer: ArrayBuffer): void {
    this.#received({
      kind: kinds[kind]!,
      from: new Uint8Array(buffer, 0, 6),
      to: new Uint8Array(buffer, 6, 6),
      rssi,
      bytes: new Uint8Array(buffer, 12),
    });
  }

  sent(kind: number, ok: number): void {
    this.#sent(kinds[kind]!, ok === 1);
  }
}

export class HostSerial implements Serial {
  readonly #host: Host;
  #received: (bytes: Uint8Array) => void = () => {};

  constructor(host: Host) {
    this.#host = host;
  }

  room(): number {
    return this.#host.serialRoom();
  }

  write(bytes: Uint8Array): void {
    this.#host.serialWrite(bytes);
  }

  onReceive(handler: (bytes: Uint8Array) => void): void {
    this.#received = handler;
  }

  receive(buffer: ArrayBuffer): void {
    this.#received(new Uint8Array(buffer));
  }
}

export class HostRandom implements Random {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  request(length: number, done: (bytes: Uint8Array) => void): void {
    const bytes = new Uint8Array(length);
    this.#host.random(bytes);
    later(() => done(bytes));
  }
}

/** Kinds of asymmetric work (host/jobs.h). */
export const JobKind = { publicKey: 1, sign: 2, verify: 3, recover: 4, ecdh: 5 } as const;
export type JobKind = (typeof JobKind)[keyof typeof JobKind];

/** `output`: undefined if the work failed; empty after a verification that did not. */
export type JobAnswer = (output: Uint8Array | undefined) => void;

/** Asymmetric work beside the turns, in the order in which it is asked for. */
export class Jobs {
  readonly #host: Host;
  readonly #asked: { readonly kind: JobKind; readonly input: Uint8Array; readonly done: JobAnswer }[] = [];
  /** Of the first that is with the host; so many are. */
  #id = 0;
  #given = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  ask(kind: JobKind, done: JobAnswer, ...parts: readonly Uint8Array[]): void {
    this.#asked.push({ kind, input: concat(...parts), done });
    this.#give();
  }

  answer(id: number, ok: boolean, buffer: ArrayBuffer): void {
    if (id !== this.#id || this.#given === 0) throw new CodedError('job-answer', `job ${id} was not asked for`);
    const { done } = this.#asked.shift()!;
    this.#id = (this.#id + 1) & 0x7fff_ffff;
    this.#given -= 1;
    this.#give();
    done(ok ? new Uint8Array(buffer) : undefined);
  }

  #give(): void {
    while (this.#given < this.#asked.length) {
      const { kind, input } = this.#asked[this.#given]!;
      if (!this.#host.job(kind, (this.#id + this.#given) & 0x7fff_ffff, input)) return;
      input.fill(0);
      this.#given += 1;
    }
  }
}

/** Holds the secret key: made at the first start, kept in the store, never handed out. */
export class HostSigner implements Signer {
  readonly #kernels: Kernels;
  readonly #jobs: Jobs;
  readonly #secret = new Uint8Array(32);
  readonly #publicKey = new Uint8Array(33);

  /** The public key is made here, before the first turn. */
  constructor(host: Host, kernels: Kernels & CurveKernels, jobs: Jobs) {
    this.#kernels = kernels;
    this.#jobs = jobs;
    const stored = host.get(SECRET);
    if (stored !== undefined) {
      this.#secret.set(new Uint8Array(stored));
      if (!kernels.publicKey(this.#publicKey, this.#secret))
        throw new CodedError('signer-secret', 'the stored secret is no secp256k1 scalar');
      return;
    }
    do host.random(this.#secret);
    while (!kernels.publicKey(this.#publicKey, this.#secret));
    host.put(SECRET, this.#secret);
  }

  publicKey(done: (key: Uint8Array) => void): void {
    later(() => done(this.#publicKey.slice()));
  }

  sign(digest: Uint8Array, done: (signature: Uint8Array) => void): void {
    this.#jobs.ask(JobKind.sign, (signature) => done(signature!), digest, this.#secret);
  }

  ecdh(peer: Uint8Array, done: (shared: Uint8Array | undefined) => void): void {
    this.#jobs.ask(JobKind.ecdh, hashed(this.#kernels, done), this.#secret, peer);
  }
}

/** The firmware's jobs: those with its own keys by the signer, the others at once. */
export class HostCryptoJobs implements CryptoJobs {
  readonly #kernels: Kernels;
  readonly #jobs: Jobs;
  readonly #signer: Signer;

  constructor(kernels: Kernels, jobs: Jobs, signer: Signer) {
    this.#kernels = kernels;
    this.#jobs = jobs;
    this.#signer = signer;
  }

  run(job: CryptoJob, done: JobAnswer): void {
    if (job.type === 'own-ecdh') this.#signer.ecdh(job.peer, done);
    else if (job.type === 'public-key') this.#jobs.ask(JobKind.publicKey, done, job.secret);
    else this.#jobs.ask(JobKind.ecdh, hashed(this.#kernels, done), job.secret, job.peer);
  }
}

/** BOLT 8: the secret is sha256 of the compressed shared point. */
function hashed(kernels: Kernels, done: JobAnswer): JobAnswer {
  return (point) => {
    if (point === undefined) return done(undefined);
    const shared = new Uint8Array(32);
    kernels.sha256(shared, point);
    point.fill(0);
    done(shared);
  };
}

export function hostHealth(host: Host): Health {
  return { read: () => host.health() };
}

export function hostLog(host: Host): Log {
  return (line) => host.log(line);
}
