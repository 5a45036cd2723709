/**
 * The Noise machine with real curve kernels: against a second implementation message for message, and against what an attacker may do to a message.
 * BOLT 8's vectors and golden transcripts run on both engines in test/portable/noise.ts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { IK, Noise, XX, type Pattern, type Step } from '../../firmware/core/link/index.js';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { ik, publicKey, xx, type Secrets, type Transcript } from './second-noise.js';

const prologue = Buffer.from('MeshBox test');
const wasm = loadWasmKernels();
const implementations = [
  { name: 'typescript', kernels: createKernels(), curve: createCurveKernels(), runs: 4 },
  { name: 'wasm', kernels: wasm.kernels, curve: wasm.curve, runs: 40 },
];
type Implementation = (typeof implementations)[number];

/** One side of a handshake. */
class Side {
  readonly noise: Noise;
  readonly #implementation: Implementation;
  readonly #secret: Uint8Array;
  readonly #ephemeral: Uint8Array;

  constructor(implementation: Implementation, secret: Uint8Array, ephemeral: Uint8Array) {
    this.#implementation = implementation;
    this.#secret = secret;
    this.#ephemeral = ephemeral;
    this.noise = new Noise(implementation.kernels, publicKey(secret), 300);
  }

  write(pattern: Pattern, index: number, payload: Uint8Array): Uint8Array {
    this.noise.write(pattern, index, payload, { secret: this.#ephemeral, key: publicKey(this.#ephemeral) });
    assert.equal(this.#run(), 'done');
    return this.noise.output.slice();
  }

  /** The payload, or undefined if the message was refused. */
  read(pattern: Pattern, index: number, message: Uint8Array): Uint8Array | undefined {
    this.noise.read(pattern, index, message);
    return this.#run() === 'done' ? this.noise.output.slice() : undefined;
  }

  #run(): Step {
    const { kernels, curve } = this.#implementation;
    let step = this.noise.step();
    while (typeof step !== 'string') {
      const point = new Uint8Array(33);
      const shared = new Uint8Array(32);
      const valid = curve.ecdh(point, step.own ? this.#secret : this.noise.ephemeral, step.peer);
      kernels.sha256(shared, point);
      step = this.noise.step(valid ? shared : undefined);
    }
    return step;
  }
}

function drawSecrets(): Secrets {
  const draw = (): Uint8Array => new Uint8Array(randomBytes(32));
  return { initiatorStatic: draw(), initiatorEphemeral: draw(), responderStatic: draw(), responderEphemeral: draw() };
}

function sides(
  implementation: Implementation,
  pattern: Pattern,
  secrets: Secrets,
  responder = publicKey(secrets.responderStatic),
): [Side, Side] {
  const initiator = new Side(implementation, secrets.initiatorStatic, secrets.initiatorEphemeral);
  const answering = new Side(implementation, secrets.responderStatic, secrets.responderEphemeral);
  initiator.noise.start(pattern, prologue, pattern.knowsResponder ? responder : undefined);
  answering.noise.start(pattern, prologue, pattern.knowsResponder ? publicKey(secrets.responderStatic) : undefined);
  return [initiator, answering];
}

const patterns: readonly {
  pattern: Pattern;
  second: (secrets: Secrets, prologue: Uint8Array, payloads: readonly Uint8Array[]) => Transcript;
}[] = [
  { pattern: XX, second: xx },
  { pattern: IK, second: ik },
];

for (const implementation of implementations) {
  for (const { pattern, second } of patterns) {
    suite(`noise: ${pattern.name.slice(0, 8)} with ${implementation.name} kernels`, () => {
      test(`${implementation.runs} random handshakes are those of the second implementation, octet for octet`, () => {
        for (let run = 0; run < implementation.runs; run += 1) {
          const secrets = drawSecrets();
          const payloads = pattern.messages.map((_, index) => new Uint8Array(randomBytes((run * 7 + index * 3) % 60)));
          const expected = second(secrets, prologue, payloads);
          const both = sides(implementation, pattern, secrets);
          for (const [index, payload] of payloads.entries()) {
            const message = both[index % 2]!.write(pattern, index, payload);
            assert.deepEqual(Buffer.from(message), Buffer.from(expected.messages[index]!), `message ${index}`);
            assert.deepEqual(Buffer.from(both[1 - (index % 2)]!.read(pattern, index, message)!), Buffer.from(payload));
          }
          for (const { noise } of both) {
            const keys = new Uint8Array(64);
            noise.split(keys);
            assert.deepEqual(Buffer.from(keys), expected.keys);
          }
          assert.deepEqual(Buffer.from(both[1].noise.remoteStatic), Buffer.from(publicKey(secrets.initiatorStatic)));
          assert.deepEqual(Buffer.from(both[0].noise.remoteStatic), Buffer.from(publicKey(secrets.responderStatic)));
        }
      });
    });
  }
}

suite('noise: what an attacker may do to a message', () => {
  const implementation = implementations[1]!;
  const payload = Buffer.from('hello');

  for (const { pattern } of patterns) {
    const last = pattern.messages.length;

    test(`${pattern.name.slice(0, 8)}: every flipped octet and every truncation of a message that has a tag is refused, and leaves no trace`, () => {
      for (let index = pattern === XX ? 1 : 0; index < last; index += 1) {
        const both = sides(implementation, pattern, drawSecrets());
        for (let before = 0; before < index; before += 1)
          both[1 - (before % 2)]!.read(pattern, before, both[before % 2]!.write(pattern, before, payload));
        const message = both[index % 2]!.write(pattern, index, payload);
        const { noise } = both[1 - (index % 2)]!;
        const state = noise.state.slice();
        const refuse = (spoilt: Uint8Array, what: string): void => {
          assert.equal(both[1 - (index % 2)]!.read(pattern, index, spoilt), undefined, `message ${index}, ${what}`);
          noise.state.set(state);
        };
        for (let at = 0; at < message.length; at += 5) {
          const spoilt = message.slice();
          spoilt[at]! ^= 1;
          refuse(spoilt, `octet ${at}`);
        }
        for (let length = 0; length < message.length; length += 9) refuse(message.subarray(0, length), `cut to ${length}`);
        refuse(Buffer.concat([message, Buffer.of(0)]), 'one octet more');
        assert.deepEqual(both[1 - (index % 2)]!.read(pattern, index, message) && 'read', 'read', 'the message as it was');
      }
    });

    test(`${pattern.name.slice(0, 8)}: another prologue, a message of another handshake, and one's own message come to nothing`, () => {
      const secrets = drawSecrets();
      const both = sides(implementation, pattern, secrets);
      const others = sides(implementation, pattern, drawSecrets());
      const first = both[0].write(pattern, 0, payload);
      const stranger = new Side(implementation, secrets.responderStatic, secrets.responderEphemeral);
      stranger.noise.start(pattern, Buffer.from('something else'), pattern.knowsResponder ? publicKey(secrets.responderStatic) : undefined);
      const read = stranger.read(pattern, 0, first);
      if (pattern === IK) assert.equal(read, undefined);
      else assert.equal(both[0].read(pattern, 1, stranger.write(pattern, 1, payload)), undefined);
      // Read before anything else changes the initiator's state.
      const [fresh, answering] = sides(implementation, pattern, secrets);
      answering.read(pattern, 0, fresh.write(pattern, 0, payload));
      const state = fresh.noise.state.slice();
      others[1].read(pattern, 0, others[0].write(pattern, 0, payload));
      assert.equal(fresh.read(pattern, 1, others[1].write(pattern, 1, payload)), undefined, 'of another handshake');
      fresh.noise.state.set(state);
      assert.equal(fresh.read(pattern, 1, first), undefined, 'reflected');
      fresh.noise.state.set(state);
      assert.ok(fresh.read(pattern, 1, answering.write(pattern, 1, payload)));
    });
  }

  test('IK: who is called by a wrong key refuses', () => {
    const secrets = drawSecrets();
    const [initiator, responder] = sides(implementation, IK, secrets, publicKey(drawSecrets().responderStatic));
    assert.equal(responder.read(IK, 0, initiator.write(IK, 0, payload)), undefined);
  });

  test('a key that is no point of the curve is refused', () => {
    const [initiator, responder] = sides(implementation, IK, drawSecrets());
    const message = initiator.write(IK, 0, payload);
    message.fill(0xff, 1, 33);
    assert.equal(responder.read(IK, 0, message), undefined);
  });
});
