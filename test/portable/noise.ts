/**
 * The Noise machine on either engine, its questions answered from known transcripts: BOLT 8's vectors (its pattern is XK), and XX and IK as
 * test/link/second-noise.ts says them. No curve is needed here; test/link/noise.test.ts has one.
 */
import { concat } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { IK, Noise, XX, type Pattern } from '../../firmware/core/link/index.js';
import { check, equal, same, suite, throws } from './harness.js';

const kernels = createKernels();

/** BOLT 8, "Authenticated Key Agreement Handshake Specification". */
const XK: Pattern = {
  name: 'Noise_XK_secp256k1_ChaChaPoly_SHA256',
  knowsResponder: true,
  messages: [
    ['e', 'es'],
    ['e', 'ee'],
    ['s', 'se'],
  ],
};

// BOLT 8, appendix A: keys 11.., 12.., 21.. and 22.. and their points.
const initiatorKey = bytes('034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa');
const responderKey = bytes('028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7');
const initiatorEphemeral = {
  secret: new Uint8Array(32).fill(0x12),
  key: bytes('036360e856310ce5d294e8be33fc807077dc56ac80d95d9cd4ddbd21325eff73f7'),
};
const responderEphemeral = {
  secret: new Uint8Array(32).fill(0x22),
  key: bytes('02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27'),
};
const es = bytes('1e2fb3c8fe8fb9f262f649f64d26ecf0f2c0a805a767cf02dc2d77a6ef1fdcc3');
const ee = bytes('c06363d6cc549bcb7913dbb9ac1c33fc1158680c89e972000ecd06b36c472e47');
const se = bytes('b36b6d195982c5be874d6d542dc268234379e1ae4ff1709402135b7de5cf0766');
const ss = bytes('5548669aeb302e234521ea7fa314ccb6179fa87b5b7227d120c7b0113898b873');

interface Known {
  readonly pattern: Pattern;
  readonly prologue: string;
  readonly payloads: readonly string[];
  /** Answers to the questions of each message. */
  readonly shared: readonly (readonly Uint8Array[])[];
  readonly messages: readonly Uint8Array[];
  readonly keys: Uint8Array;
}

const bolt8: Known = {
  pattern: XK,
  prologue: 'lightning',
  payloads: ['', '', ''],
  shared: [[es], [ee], [se]],
  messages: [
    bytes('036360e856310ce5d294e8be33fc807077dc56ac80d95d9cd4ddbd21325eff73f70df6086551151f58b8afe6c195782c6a'),
    bytes('02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f276e2470b93aac583c9ef6eafca3f730ae'),
    bytes(
      'b9e3a702e93e3a9948c2ed6e5fd7590a6e1c3a0344cfc9d5b57357049aa22355361aa02e55a8fc28fef5bd6d71ad0c38228dc68b1c466263b47fdf31e560e139ba',
    ),
  ],
  keys: bytes(
    '969ab31b4d288cedf6218839b27a3e2140827047f2c0f01bf5c04435d43511a9bb9020b8965f4df047e07f955f3c4b88418984aadc5cdb35096b9ea8fa5c3442',
  ),
};

const goldenXx: Known = {
  pattern: XX,
  prologue: 'MeshBox link 1',
  payloads: ['', 'two', 'three'],
  shared: [[], [ee, es], [se]],
  messages: [
    initiatorEphemeral.key,
    bytes(
      '02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27fffdfa8a252da50d6271c53dd59d1ed43ee8585f203b8fe9854af31b7c5562a5' +
        'ceddefd52a79a687e6405aa160ca5b6287360d29b52cd67f9af6c9af1fc2918539df7e54',
    ),
    bytes(
      '8ac8fc232a47aa6fa5c51b3b72c5824018e9d92f0840a5eada20f3b00d66a0e4c98956e96a0f3de7c8bb0205f965641bc321de9b3a23c83ca211f8f2ebf88306da082a727f7a',
    ),
  ],
  keys: bytes(
    '6645a2f8c64cc44d0b95614cbe51c2c9c1bee9945bfee823120b5a0978424bdf43b4a250b7b71ec303fb28b702b85a6349fd9849662e8de3e5cee770f499e449',
  ),
};

const goldenIk: Known = {
  pattern: IK,
  prologue: 'MeshBox link 1',
  payloads: ['one', 'two'],
  shared: [
    [es, ss],
    [ee, se],
  ],
  messages: [
    bytes(
      '036360e856310ce5d294e8be33fc807077dc56ac80d95d9cd4ddbd21325eff73f70f8384eb574c33bfbcc6042758f90f41dc9e6f9762a0e297890a0132fbd9f77d' +
        '8f8da16a122b6cde19d119514ec4f7da0140437c21ec460d10131b74507c3d3a2dfb199e',
    ),
    bytes('02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f271466cdc09c373ca088613c8b9df2d091d68e01'),
  ],
  keys: bytes(
    '91d90f2a189720c0172290b50070b4c3d028db3ca8f6c33bf0eaa728fa5a5abbcffe939a73b83e9e77049ef651c2478c104ba87a765b996a3d1100058d2c2268',
  ),
};

function pair({ pattern, prologue }: Known, longest = 200): [Noise, Noise] {
  const initiator = new Noise(kernels, initiatorKey, longest);
  const responder = new Noise(kernels, responderKey, longest);
  initiator.start(pattern, ascii(prologue), pattern.knowsResponder ? responderKey : undefined);
  responder.start(pattern, ascii(prologue), pattern.knowsResponder ? responderKey : undefined);
  return [initiator, responder];
}

/** Whether it came to its end with these answers. */
function run(noise: Noise, answers: readonly Uint8Array[]): boolean {
  let step = noise.step();
  for (const answer of answers) {
    check(typeof step !== 'string', 'no more questions');
    step = noise.step(answer);
  }
  return step === 'done';
}

function write(noise: Noise, known: Known, index: number): Uint8Array {
  const payload = ascii(known.payloads[index]!);
  noise.write(known.pattern, index, payload, index === 0 ? initiatorEphemeral : index === 1 ? responderEphemeral : undefined);
  check(run(noise, known.shared[index]!), 'written');
  return noise.output.slice();
}

for (const [name, known] of [
  ['BOLT 8 (XK)', bolt8],
  ['XX', goldenXx],
  ['IK', goldenIk],
] as const) {
  suite(`noise: ${name}`, (t) => {
    t.test('both sides say and take the known messages, and end with the known keys', () => {
      const both = pair(known);
      for (const [index, message] of known.messages.entries()) {
        same(write(both[index % 2]!, known, index), message, `message ${index}`);
        const reader = both[1 - (index % 2)]!;
        reader.read(known.pattern, index, message);
        check(run(reader, known.shared[index]!), 'read');
        same(reader.output, ascii(known.payloads[index]!), 'payload');
      }
      for (const noise of both) {
        const keys = new Uint8Array(64);
        noise.split(keys);
        same(keys, known.keys, 'keys');
      }
      same(both[0].remoteStatic, responderKey);
      same(both[1].remoteStatic, initiatorKey);
    });

    t.test('a message with a wrong tag, cut short or too long is refused; brought back, the state takes the right one', () => {
      const both = pair(known);
      for (const [index, message] of known.messages.entries()) {
        write(both[index % 2]!, known, index);
        const reader = both[1 - (index % 2)]!;
        const before = reader.state.slice();
        const isRead = (octets: Uint8Array): boolean => {
          reader.state.set(before);
          reader.read(known.pattern, index, octets);
          let step = reader.step();
          for (const answer of known.shared[index]!) if (typeof step !== 'string') step = reader.step(answer);
          return step === 'done';
        };
        const wrong = message.slice();
        wrong[wrong.length - 1] = wrong[wrong.length - 1]! ^ 1;
        // The first message of XX is a bare key: nothing in it can be wrong but its length.
        equal(isRead(wrong), message.length === 33, `message ${index}`);
        check(!isRead(message.subarray(0, message.length - 1)), 'cut short');
        check(!isRead(new Uint8Array(0)), 'empty');
        if (message.length > 33) check(!isRead(concat(message, new Uint8Array(1))), 'too long');
        check(isRead(message), 'the right one');
      }
    });

    t.test('a key that is no point ends it', () => {
      const [initiator, responder] = pair(known);
      const first = known.shared[0]!.length > 0;
      const reader = first ? responder : initiator;
      if (!first) write(initiator, known, 0);
      reader.read(known.pattern, first ? 0 : 1, known.messages[first ? 0 : 1]!);
      check(typeof reader.step() !== 'string', 'it asks');
      equal(reader.step(undefined) as string, 'failed');
    });
  });
}

suite('noise: misuse', (t) => {
  t.test('a responder that is missing or too much, and a message that does not fit, throw', () => {
    const noise = new Noise(kernels, initiatorKey, 40);
    throws(() => noise.start(IK, new Uint8Array(0), undefined), 'noise-responder');
    throws(() => noise.start(XX, new Uint8Array(0), responderKey), 'noise-responder');
    noise.start(XX, new Uint8Array(0), undefined);
    noise.write(XX, 0, new Uint8Array(8), initiatorEphemeral);
    throws(() => noise.step(), 'noise-length');
  });
});

function ascii(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) octets[i] = text.charCodeAt(i);
  return octets;
}

function bytes(hex: string): Uint8Array {
  const octets = new Uint8Array(hex.length / 2);
  for (let i = 0; i < octets.length; i += 1) octets[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return octets;
}
