/**
 * Payments per second with every state on disk before it is told, against a bare loop of verify, sign and durable write in the same run; octets of a
 * payment on the air; what a payment costs a board in instructions.
 *
 *   npm run bench:payments [-- --json] [-- --quick]
 *
 * direct: one box with 32 channels is paid and pays back, each payment once the one before is stored and acknowledged: verify, store, acknowledge, sign,
 * store, send. threehop: four processes in a row, payments over two mediators, 24 in flight.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from '../../assembly/build.mjs';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { ByteWriter, hex } from '../../firmware/core/base/index.js';
import { decodePayment, encodePayment, PAYMENT_MAX, type Payment } from '../../firmware/core/wire/index.js';
import { Ledger } from '../../hosts/box/channels/ledger.js';
import { amount, benchEngine, onAir, openEvent, person, TOKEN } from './payments-node.js';
import type { Answer, Order } from './payments-process.js';
import { measurePaymentOnBoard } from './payments-rv32.js';

const CHANNELS = 32;
const args = new Set(process.argv.slice(2));
const quick = args.has('--quick');
const EACH = quick ? 8 : 40;
/** Bare loop and box take turns: the machine is shared, and what disturbs one disturbs the other. */
const ROUNDS = quick ? 1 : 3;
const OVER_THREE = quick ? 40 : 800;
const IN_FLIGHT = 24;
/** Payments before those that are timed: an engine that has just started compiles. */
const WARM_UP = quick ? 50 : 300;

await buildKernels();
const { kernels, curve } = loadWasmKernels();
const folder = await mkdtemp(join(tmpdir(), 'payments-'));

const octets = (message: Payment): Uint8Array => {
  const w = new ByteWriter(new Uint8Array(PAYMENT_MAX));
  encodePayment(w, message);
  return w.written();
};

/** Signed payments of each partner to the box, made beforehand: the partners' work is not the box's. */
function prepare(): Uint8Array[][] {
  const box = person(0);
  return Array.from({ length: CHANNELS }, (_, i) => {
    const made: Uint8Array[] = [];
    const partner = benchEngine({
      kernels,
      curve,
      self: i + 1,
      store: (_records, _facts, done) => done(),
      send: (_to, payload) => made.push(payload),
    });
    partner.feed(openEvent(i + 1, [0]));
    made.length = 0;
    for (let n = 1; n <= EACH * ROUNDS; n += 1) {
      partner.command({ type: 'pay', currency: TOKEN, amount, routes: [[box.node]], fee: 0n, entropy: new Uint8Array(8) }, () => true);
      partner.feed({ type: 'message', from: box.node, payload: octets({ kind: 'transfer-ack', nonce: n }) });
    }
    partner.stop();
    return made;
  });
}

interface Rate {
  readonly perSecond: number;
  readonly cpu: number;
}

async function timed(count: number, work: () => Promise<void>): Promise<Rate> {
  const cpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  await work();
  const seconds = Number(process.hrtime.bigint() - from) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: count / seconds, cpu: (user + system) / count };
}

/** Verify, sign and write what a channel's record takes, at 32 at once. */
async function bare(): Promise<Rate> {
  const ledger = await Ledger.open(join(folder, 'bare'), (error) => {
    throw error;
  });
  const { key, secret } = person(1);
  const digest = randomBytes(32);
  const signature = new Uint8Array(65);
  if (!curve.sign(signature, digest, secret)) throw new Error('cannot sign');
  const record = randomBytes(600);
  const rate = await timed(CHANNELS * EACH, async () => {
    await Promise.all(
      Array.from({ length: CHANNELS }, async (_, i) => {
        for (let n = 0; n < EACH; n += 1) {
          if (!curve.verify(signature.subarray(0, 64), digest, key, true)) throw new Error('a good signature is refused');
          curve.sign(new Uint8Array(65), digest, secret);
          await new Promise<void>((done) => ledger.append([{ key: `c${i}`, value: record }], [], done));
        }
      }),
    );
  });
  await ledger.close();
  return rate;
}

/** One box; each call goes on where the last one ended. */
async function directBox(made: readonly Uint8Array[][]): Promise<{ run: () => Promise<Rate>; stop: () => Promise<void> }> {
  const ledger = await Ledger.open(join(folder, 'box'), (error) => {
    throw error;
  });
  const partners = made.map((_, i) => person(i + 1));
  const byNode = new Map(partners.map(({ node }, i) => [hex(node), i]));
  const next = made.map(() => 0);
  let finished = 0;
  let end = (): void => undefined;
  let goal = 0;
  const box = benchEngine({
    kernels,
    curve,
    self: 0,
    store: (records, facts, done) => ledger.append(records, facts, done),
    send(to, payload) {
      const i = byNode.get(hex(to))!;
      const message = decodePayment(payload, 0, payload.length);
      if (typeof message === 'number') throw new Error('the box sends what does not decode');
      if (message.kind === 'transfer-ack') back(i);
      else if (message.kind === 'transfer') {
        box.feed({ type: 'message', from: to, payload: octets({ kind: 'transfer-ack', nonce: message.nonce }) });
        finished += 1;
        if (finished === goal) end();
        else if (next[i]! < goal / CHANNELS) pay(i);
      }
    },
  });
  const back = (i: number): void =>
    box.command({ type: 'pay', currency: TOKEN, amount, routes: [[partners[i]!.node]], fee: 0n, entropy: new Uint8Array(8) }, () => true);
  const pay = (i: number): void => {
    const payload = made[i]![next[i]!];
    next[i]! += 1;
    if (payload) box.feed({ type: 'message', from: partners[i]!.node, payload });
  };
  box.feed(
    openEvent(
      0,
      partners.map((_, i) => i + 1),
    ),
  );
  return {
    run: () =>
      timed(CHANNELS * EACH, async () => {
        goal += CHANNELS * EACH;
        const all = new Promise<void>((resolve) => (end = resolve));
        for (let i = 0; i < CHANNELS; i += 1) pay(i);
        await all;
      }),
    async stop() {
      box.stop();
      await ledger.close();
    },
  };
}

interface ThreeHop extends Rate {
  readonly octets: number;
}

async function threeHop(): Promise<ThreeHop> {
  const script = fileURLToPath(new URL('payments-process.ts', import.meta.url));
  const children: ChildProcess[] = [0, 1, 2, 3].map((self) =>
    fork(script, [folder, String(self)], { execArgv: ['--import', 'tsx'], serialization: 'advanced' }),
  );
  const answer = (child: ChildProcess): Promise<Answer> =>
    new Promise((resolve, reject) => {
      child.once('message', (message) => resolve(message as Answer));
      child.once('exit', (code) => reject(new Error(`a process of the three hops ended with ${code}`)));
    });
  const ask = async (child: ChildProcess, order: Order): Promise<Answer> => {
    const answered = answer(child);
    child.send(order);
    return answered;
  };
  try {
    await Promise.all(children.map(answer));
    for (const child of children) await ask(child, { type: 'connect' });
    await ask(children[0]!, { type: 'pay', count: WARM_UP, inFlight: IN_FLIGHT });
    for (const child of children) await ask(child, { type: 'reset' });
    const paid = await ask(children[0]!, { type: 'pay', count: OVER_THREE, inFlight: IN_FLIGHT });
    if (paid.type !== 'paid') throw new Error('the payer did not answer');
    const sent = await Promise.all(children.map((child) => ask(child, { type: 'report' })));
    const total = sent.reduce((sum, each) => sum + (each.type === 'report' ? each.octets : 0), 0);
    const cpu = sent.reduce((sum, each) => sum + (each.type === 'report' ? each.cpu : 0), 0);
    return { perSecond: OVER_THREE / paid.seconds, cpu: cpu / OVER_THREE, octets: total / OVER_THREE };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

try {
  const made = prepare();
  const box = await directBox(made);
  const rounds: { readonly loop: Rate; readonly direct: Rate }[] = [];
  for (let i = 0; i < ROUNDS; i += 1) rounds.push({ loop: await bare(), direct: await box.run() });
  await box.stop();
  const before = await bare();
  const three = await threeHop();
  const around = (before.perSecond + (await bare()).perSecond) / 2;
  const rv32 = await measurePaymentOnBoard(made[0]!);
  const figure = (value: number): string => value.toFixed(value < 10 ? 3 : 0);
  const median = (of: (round: (typeof rounds)[number]) => number): number => rounds.map(of).sort((a, b) => a - b)[ROUNDS >> 1]!;
  const directRate = median(({ direct }) => direct.perSecond);
  const directRatio = median(({ direct, loop }) => direct.perSecond / loop.perSecond);
  const rows: [string, string, string][] = [
    [
      'bare loop: verify, sign, durable write',
      `${figure(median(({ loop }) => loop.perSecond))} per s`,
      `${figure(median(({ loop }) => loop.cpu))} us of CPU each`,
    ],
    ['direct payment received and answered', `${figure(directRate)} per s`, `${figure(median(({ direct }) => direct.cpu))} us of CPU each`],
    [
      'three hops, four processes',
      `${figure(three.perSecond)} per s`,
      `${figure(three.cpu)} us of CPU each, all processes; the bare loop beside it ${figure(around)} per s`,
    ],
    ['direct payment on the air', `${onAir(made[0]![0]!.length)} octets`, 'envelope 16, segment 22, tag 16 in it'],
    ['three hops on the air, all messages of the run', `${figure(three.octets)} octets each`, 'acknowledgements and unlockings in it'],
    ['payment on the RV32 board', `${rv32} instructions`, 'verify, record, acknowledge, sign, record; the words of the flash not counted'],
  ];
  const width = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [what, value, says] of rows) console.log(`${what.padEnd(width[0]!)}  ${value.padEnd(width[1]!)}  ${says}`);
  console.log(
    `of the bare loop: direct ${figure(directRatio)} (median of ${ROUNDS} rounds), three hops ${figure(three.perSecond / around)}`,
  );
  if (args.has('--json'))
    console.log(
      JSON.stringify({
        direct: { ratio: directRatio, per_s: directRate },
        threehop: { ratio: three.perSecond / around, per_s: three.perSecond, bytes: three.octets },
        rv32: { payment: rv32 },
      }),
    );
} finally {
  await rm(folder, { recursive: true, force: true });
}
