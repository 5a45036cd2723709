/**
 * A station at the other end of a link whose every frame the test chooses: it shakes hands with a link machine as its neighbour would, and seals what
 * it is told to say. Built from the same Noise machine and sessions as the link; those have suites of their own.
 */
import { ByteWriter, concat, Prng, u32At } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { EVERYONE, IK, LINK_KINDS, Noise, Sessions, XX, type LinkKind, type Pattern } from '../../firmware/core/link/index.js';
import {
  decodeGreeting,
  decodeHandshake,
  encodeBeacon,
  encodeGreeting,
  encodeHandshake,
  ENVELOPE_OCTETS,
  EnvelopeClass,
  envelopeCounter,
  GREETING_MAX,
  writeEnvelope,
} from '../../firmware/core/wire/index.js';
import { check } from './harness.js';
import { seedOf } from './medium.js';
import { keyOf, toyCrypto } from './toy-group.js';

const kernels = createKernels();
export const ALL_NODES = new Uint8Array(8).fill(255);
const PROLOGUE = Uint8Array.from([77, 101, 115, 104, 66, 111, 120, 32, 108, 105, 110, 107, 32, 49]);
const NOTHING = new Uint8Array(0);

export function idOf(number: number): Uint8Array {
  const digest = new Uint8Array(32);
  kernels.sha256(digest, keyOf(number));
  return digest.slice(0, 8);
}

export function framed(
  frameClass: number,
  destination: Uint8Array,
  flow: number,
  counter: number,
  body: (w: ByteWriter) => void = () => undefined,
): Uint8Array {
  const w = new ByteWriter(new Uint8Array(240));
  writeEnvelope(w.buffer, 0, { class: frameClass, hopLimit: 0, flags: 0, destination, flow, counter });
  w.at = ENVELOPE_OCTETS;
  body(w);
  return w.written().slice();
}

export class Peer {
  readonly number: number;
  readonly id: Uint8Array;
  readonly kind: LinkKind;
  readonly #us: number;
  readonly #noise: Noise;
  readonly #sessions = new Sessions(kernels, 1, 260);
  readonly #crypto;
  readonly boot: number;
  #attempt = 0;

  /** us: number of the link machine under test. life: another one is another boot. */
  constructor(number: number, us: number, kind: LinkKind = 'air', life = 0) {
    this.number = number;
    this.id = idOf(number);
    this.kind = kind;
    this.boot = 1000 + life;
    this.#us = us;
    this.#noise = new Noise(kernels, keyOf(number), 200);
    this.#crypto = toyCrypto(number, new Prng(seedOf(number * 100 + life)));
    this.#sessions.setGroup(this.#crypto.random(32));
  }

  /** A call of ours: message 0. */
  call(pattern: Pattern): Uint8Array {
    this.#attempt += 1;
    this.#start(pattern, idOf(this.#us), pattern === IK ? keyOf(this.#us) : undefined);
    return this.#message(pattern, 0, this.#write(pattern, 0, pattern === IK ? this.#greeting() : NOTHING));
  }

  /** The machine's answer to our call -> message 2; the session is there. */
  finish(answer: Uint8Array): Uint8Array {
    const { pattern, noise } = handshakeOf(answer);
    const greeting = this.#read(pattern, 1, noise);
    if (pattern === XX) {
      const last = this.#write(XX, 2, this.#greeting());
      this.#install(true, greeting);
      return this.#message(XX, 2, last);
    }
    const keys = this.#install(true, greeting);
    const tag = new Uint8Array(16);
    kernels.aeadSeal(tag, keys.subarray(0, 32), new Uint8Array(12).fill(255), NOTHING, NOTHING);
    return this.#message(IK, 2, tag);
  }

  /** The machine's call -> our answer, message 1. */
  answer(call: Uint8Array): Uint8Array {
    const { pattern, noise } = handshakeOf(call);
    this.#attempt = envelopeCounter(call, 0);
    this.#start(pattern, this.id, pattern === IK ? keyOf(this.number) : undefined);
    const greeting = this.#read(pattern, 0, noise);
    const answer = this.#message(pattern, 1, this.#write(pattern, 1, this.#greeting()));
    if (pattern === IK) this.#install(false, greeting);
    return answer;
  }

  /** The machine's message 2. */
  read(last: Uint8Array): void {
    const { pattern, noise } = handshakeOf(last);
    if (pattern === XX) this.#install(false, this.#read(XX, 2, noise));
  }

  /** Sealed for the machine alone. */
  seal(frame: Uint8Array): Uint8Array {
    return this.#sessions.seal(0, LINK_KINDS.indexOf(this.kind), frame, false);
  }

  /** Sealed for all neighbours; `clear` like a beacon. */
  broadcast(frame: Uint8Array, clear = false): Uint8Array {
    return this.#sessions.seal(EVERYONE, LINK_KINDS.indexOf(this.kind), frame, clear);
  }

  /** What the machine sealed for us or for all; undefined if it did not. */
  open(bytes: Uint8Array, broadcast = false, clear = false): Uint8Array | undefined {
    return this.#sessions.open(0, LINK_KINDS.indexOf(this.kind), bytes, broadcast, clear);
  }

  beacon(number: number, heard: readonly (readonly [number, number])[]): Uint8Array {
    const list = heard.map(([who, quality]) => ({ neighbour: idOf(who).subarray(0, 4), quality }));
    const { id } = this;
    return this.broadcast(
      framed(EnvelopeClass.beacon, ALL_NODES, 0, 0, (w) => encodeBeacon(w, { id, role: 'board', number, heard: list })),
      true,
    );
  }

  ack(flow: number, counter: number): Uint8Array {
    return this.seal(framed(EnvelopeClass.ack, idOf(this.#us), flow, counter));
  }

  #start(pattern: Pattern, responder: Uint8Array, key: Uint8Array | undefined): void {
    this.#noise.start(pattern, concat(PROLOGUE, new Uint8Array([LINK_KINDS.indexOf(this.kind)]), responder), key);
  }

  #write(pattern: Pattern, index: number, payload: Uint8Array): Uint8Array {
    const secret = this.#crypto.random(32);
    this.#noise.write(pattern, index, payload, { secret, key: this.#crypto.run({ type: 'public-key', secret })! });
    check(this.#run(), 'written');
    return this.#noise.output.slice();
  }

  #read(pattern: Pattern, index: number, message: Uint8Array): Uint8Array {
    this.#noise.read(pattern, index, message);
    check(this.#run(), `the peer cannot read message ${index}`);
    return this.#noise.output.slice();
  }

  #run(): boolean {
    let step = this.#noise.step();
    while (typeof step !== 'string') {
      const { own, peer } = step;
      step = this.#noise.step(this.#crypto.run(own ? { type: 'own-ecdh', peer } : { type: 'ecdh', secret: this.#noise.ephemeral, peer }));
    }
    return step === 'done';
  }

  #greeting(): Uint8Array {
    const { key, counter } = this.#sessions.group();
    const w = new ByteWriter(new Uint8Array(GREETING_MAX));
    encodeGreeting(w, { group: key, role: 'board', number: counter, boot: this.boot });
    return w.written();
  }

  #install(isInitiator: boolean, octets: Uint8Array): Uint8Array {
    const greeting = decodeGreeting(octets, 0, octets.length);
    check(typeof greeting !== 'number', 'a greeting');
    const keys = new Uint8Array(64);
    this.#noise.split(keys);
    const [first, second] = [keys.subarray(0, 32), keys.subarray(32)];
    const pair = isInitiator ? { send: first, receive: second } : { send: second, receive: first };
    this.#sessions.install(0, pair, { key: greeting.group, counter: greeting.number }, greeting.boot, 0);
    return keys;
  }

  #message(pattern: Pattern, step: number, noise: Uint8Array): Uint8Array {
    return framed(EnvelopeClass.handshake, idOf(this.#us), u32At(this.id, 0), this.#attempt, (w) =>
      encodeHandshake(w, { pattern: pattern === IK ? 'ik' : 'xx', step, noise }),
    );
  }
}

export function handshakeOf(frame: Uint8Array): { readonly pattern: Pattern; readonly step: number; readonly noise: Uint8Array } {
  const message = decodeHandshake(frame, ENVELOPE_OCTETS, frame.length);
  check(typeof message !== 'number', 'a handshake');
  return { pattern: message.pattern === 'ik' ? IK : XX, step: message.step, noise: message.noise };
}
