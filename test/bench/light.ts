/**
 * `npm run bench:light [-- --json]`: what the light client costs on the boards' instruction set, on XS with the kernels in C, counted by the emulator:
 * instructions for an epoch header with twelve real signatures, for a proof of an account and a slot through eight full branches each, the longest
 * turn, and the memory that a client holds. Exits with 1 above a limit.
 */
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { buildKernels } from '../../assembly/build.mjs';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { concat, hex } from '../../firmware/core/base/index.js';
import { buildXs, buildXsRv32, bundleForXs } from '../../hosts/xs/build.mjs';
import { qemu, qemuArguments } from '../../hosts/xs/rv32-image.mjs';
import { accountValue, deepProof, GENESIS, makeEpochHeader, octets, type Epoch, type Sign } from '../portable/light-chain.js';

const LIMITS = { header: 30_000_000, proof: 2_000_000, turn: 800_000, ram: 24 * 1024 };
/** Branches above the leaf: full to 16^8 entries, more than there are people. */
const DEPTH = 8;
const root = join(import.meta.dirname, '../..');

await buildKernels();
const { kernels, curve } = loadWasmKernels();

const secrets = new Map<string, Uint8Array>();
const committee = (first: number): Uint8Array =>
  concat(
    ...Array.from({ length: 17 }, (_, seat) => {
      const secret = octets(0);
      [secret[30], secret[31]] = [first, seat + 1];
      const key = new Uint8Array(33);
      curve.publicKey(key, secret);
      secrets.set(hex(key), secret);
      return key;
    }),
  );
const sign: Sign = (key, digest) => {
  const signature = new Uint8Array(65);
  curve.sign(signature, digest, secrets.get(hex(key))!);
  return signature.subarray(0, 64);
};
const hashed = (data: Uint8Array): Uint8Array => {
  const out = new Uint8Array(32);
  kernels.keccak256(out, data);
  return out;
};

const [address, slot] = [octets(0xab, 20), octets(3)];
const storage = deepProof(kernels, hashed(slot), concat(Uint8Array.of(0xa0), octets(0x77)), DEPTH);
const account = deepProof(kernels, hashed(address), accountValue(100, octets(0x11, 12), storage.root), DEPTH);
const nodes = [...account.nodes, ...storage.nodes];

const committees = [1, 2, 3, 4].map(committee);
const epoch = (i: number): Epoch => ({
  number: 34 * (i + 1),
  time: 10_000 + 476 * i,
  state: account.root,
  previous: committees[i]!,
  current: committees[i + 1]!,
  next: committees[(i + 2) % 4]!,
  seats: [0, 1, 2, 4, 5, 7, 8, 10, 11, 13, 15, 16],
  withCurrent: i === 0,
});
const [start, following] = [0, 1].map((i) => makeEpochHeader(kernels, epoch(i), sign)) as [
  ReturnType<typeof makeEpochHeader>,
  ReturnType<typeof makeEpochHeader>,
];

const source = `
import { LightClient } from './firmware/core/light/index.ts';
import { createNativeKernels } from './assembly/native/kernels.ts';
const octets = (text) => { const out = new Uint8Array(text.length / 2); for (let i = 0; i < out.length; i += 1) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16); return out; };
export function run(host) {
  const native = createNativeKernels(host.kernels);
  const start = octets('${hex(start.bytes)}'), following = octets('${hex(following.bytes)}');
  const nodes = [${nodes.map((node) => `octets('${hex(node)}')`).join(', ')}];
  const address = octets('${hex(address)}'), slot = octets('${hex(slot)}');
  const count = host.instructions ?? (() => 0);
  const say = (name, value) => host.log('light ' + name + ' ' + value);
  let longest = 0;
  const turn = (client, input) => { const from = count(); client.handle(0, input); const effect = client.poll(); longest = Math.max(longest, count() - from); return effect; };
  const make = () => new LightClient({ kernels: native, genesis: octets('${hex(GENESIS)}'), checkpoint: octets('${hex(start.hash)}') });
  const client = make();
  const follow = (bytes) => {
    let jobs = 0, last = 'nothing';
    for (let effect = turn(client, { type: 'epoch-header', bytes }); effect !== undefined; ) {
      last = effect.reason ?? effect.type;
      if (effect.type === 'crypto-job') { jobs += 1; effect = turn(client, { type: 'crypto-done', job: effect.job, ok: native.verify(effect.signature, effect.digest, effect.key, true) }); }
      else effect = client.poll();
    }
    if (last !== 'advanced') throw new Error('refused: ' + last);
    return jobs;
  };
  follow(start);
  let from = count();
  const jobs = follow(following);
  say('header', count() - from);
  say('jobs', jobs);
  from = count();
  let answer = turn(client, { type: 'ask', address, slot });
  for (const bytes of nodes) answer = turn(client, { type: 'proof-node', bytes });
  say('proof', count() - from);
  if (answer === undefined || answer.type !== 'answer' || answer.account.nonce !== 100 || answer.slot[0] !== 0x77) throw new Error('wrong answer');
  say('turn', longest);
  // Live memory is known after a collection, which health() does. Each of these has a header in hand with its signatures decoded.
  const busy = () => { const one = make(); one.handle(0, { type: 'epoch-header', bytes: start }); one.poll(); one.poll(); one.handle(0, { type: 'epoch-header', bytes: following }); return one; };
  const kept = [busy()];
  const before = host.health();
  while (kept.length < 21) kept.push(busy());
  const after = host.health();
  if (kept.some((one) => one.poll().type !== 'crypto-job')) throw new Error('not busy');
  say('chunks', Math.round((after.chunkPeak - before.chunkPeak) / 20));
  say('slots', Math.round((after.slotPeak - before.slotPeak) / 20));
  host.log('done');
  return 0;
}
`;

async function figures(program: string, args: readonly string[]): Promise<Record<string, number>> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 110_000 });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
  if (!/^done$/m.test(text)) throw new Error(`the measurement ended before it was done\n${text}`);
  return Object.fromEntries([...text.matchAll(/^light (\w+) (-?\d+)$/gm)].map(([, name, value]) => [name!, Number(value)]));
}

const bundle = join(root, '.build/xs/light-bench.js');
await bundleForXs({ source, output: bundle });
const { executable } = await buildXs();
const memory = await figures(executable, ['--run', bundle]);
const { elf } = await buildXsRv32({ bundle, name: 'light-bench' });
const counts = await figures(qemu, [...qemuArguments(elf, '256M', 'stdio,id=radio,signal=off'), '-serial', 'none']);

/** A slot has 16 octets on a board. */
const ram = memory.chunks! + 16 * memory.slots!;
const octetsOfProof = nodes.reduce((sum, node) => sum + node.length, 0);
const rows = [
  { what: 'an epoch header, twelve signatures', value: counts.header!, limit: LIMITS.header, unit: 'instructions' },
  {
    what: `account and slot, ${nodes.length} nodes of ${octetsOfProof} octets`,
    value: counts.proof!,
    limit: LIMITS.proof,
    unit: 'instructions',
  },
  { what: 'longest turn (jobs run beside)', value: counts.turn!, limit: LIMITS.turn, unit: 'instructions' },
  { what: 'memory of a client, a header in hand', value: ram, limit: LIMITS.ram, unit: 'octets' },
];
for (const { what, value, limit, unit } of rows) {
  console.log(`${what.padEnd(48)}${value.toLocaleString('en').padStart(12)} of ${limit.toLocaleString('en').padStart(10)} ${unit}`);
}
console.log(`signatures checked: ${counts.jobs}; octets of the header message: ${following.bytes.length}`);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ header: counts.header, proof: counts.proof, turn: counts.turn, ram, jobs: counts.jobs }));
}
if (counts.jobs !== 12 || rows.some(({ value, limit }) => value > limit)) process.exitCode = 1;
