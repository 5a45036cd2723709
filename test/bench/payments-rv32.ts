/**
 * What a payment costs a board, in instructions of RV32IMAC counted by the emulator: the channel machine on the XS engine with the C kernels. Received and
 * answered: decode, judge, verify, record, acknowledge, and a payment back: sign, record, send. The record is made and hashed; the words that a flash driver
 * would then write are not counted.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hex } from '../../firmware/core/base/index.js';
import { bundleForXs, buildXsRv32 } from '../../hosts/xs/build.mjs';
import { qemu, qemuArguments } from '../../hosts/xs/rv32-image.mjs';
import { amount, network, openEvent, person, TOKEN } from './payments-node.js';

/** The first payments are left out: tables and code paths are made then. */
const WARM_UP = 2;
const MEASURED = 4;
const TIME_LIMIT = 110_000;

/** JavaScript of octets, in a bundle that has no JSON of them. */
const literal = (octets: Uint8Array): string => `octets('${hex(octets)}')`;

function source(payments: readonly Uint8Array[]): string {
  const [board, box] = [person(0), person(1)];
  const opened = openEvent(0, [1]);
  if (opened.type !== 'chain' || opened.events[0]?.type !== 'opened') throw new Error('not an opening');
  const { id } = opened.events[0];
  const peer = (of: typeof board): string => `{ key: ${literal(of.key)}, address: ${literal(of.address)}, node: ${literal(of.node)} }`;
  return `
import { Channels, defaultRules } from './firmware/core/channel/index.ts';
import { createNativeKernels } from './assembly/native/kernels.ts';
const octets = (text) => { const out = new Uint8Array(text.length / 2); for (let i = 0; i < out.length; i += 1) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16); return out; };
export function run(host) {
  const kernels = createNativeKernels(host.kernels);
  const secret = ${literal(board.secret)}, box = ${peer(box)};
  const machine = new Channels({ kernels, network: { chainId: ${network.chainId}, contract: ${literal(network.contract)} }, self: ${peer(board)}, rules: defaultRules, feeOf: () => 0n, keyOf: () => undefined, records: [] });
  const hash = new Uint8Array(32);
  let verified = 0, signed = 0, stored = 0, sent = 0;
  const feed = (input) => {
    const inputs = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      machine.handle(1, next);
      for (let effect = machine.poll(); effect !== undefined; effect = machine.poll()) {
        if (effect.type === 'verify') { verified += 1; inputs.push({ type: 'verified', job: effect.job, valid: kernels.verify(effect.signature, effect.digest, effect.key, true) }); }
        else if (effect.type === 'sign') { signed += 1; const signature = new Uint8Array(65); kernels.sign(signature, effect.digest, secret); inputs.push({ type: 'signed', job: effect.job, signature }); }
        else if (effect.type === 'store') { stored += 1; for (const { value } of effect.records) kernels.sha256(hash, value); inputs.push({ type: 'stored', job: effect.job }); }
        else if (effect.type === 'send') sent += 1;
        else if (effect.type === 'refused') throw new Error('refused: ' + effect.reason);
      }
    }
  };
  feed({ type: 'chain', height: 1000, time: 1790000000, events: [{ type: 'opened', id: ${literal(id)}, token: ${literal(TOKEN)}, peer: box, openBlock: 900, settleTimeout: 40000, deposit: 10n ** 24n, peerDeposit: 10n ** 24n }] });
  const payments = [${payments.map(literal).join(',\n')}];
  let from = 0;
  payments.forEach((payload, i) => {
    const back = { type: 'pay', token: 1, currency: ${literal(TOKEN)}, amount: ${amount}n, routes: [[box.node]], fee: 0n, entropy: new Uint8Array(8) };
    if (i === ${WARM_UP}) { verified = signed = stored = sent = 0; from = host.instructions(); }
    feed({ type: 'message', from: box.node, payload });
    feed(back);
  });
  const count = host.instructions() - from;
  if (verified !== ${MEASURED} || signed !== ${MEASURED} || stored < 2 * ${MEASURED} || sent !== 2 * ${MEASURED}) throw new Error('not every payment was answered');
  host.log('payment ' + Math.round(count / ${MEASURED}));
  return 0;
}
`;
}

/** @param payments signed by node 1 of the bench to node 0, in their order */
export async function measurePaymentOnBoard(payments: readonly Uint8Array[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'payment-rv32-'));
  try {
    const bundle = join(folder, 'payment.js');
    await bundleForXs({ source: source(payments.slice(0, WARM_UP + MEASURED)), output: bundle });
    const { elf } = await buildXsRv32({ bundle, name: 'payment', log: () => undefined });
    const options = { timeout: TIME_LIMIT, killSignal: 'SIGKILL', maxBuffer: 1 << 20 } as const;
    const radio = qemuArguments(elf, '256M', 'stdio,id=radio,signal=off');
    const { stdout } = await promisify(execFile)(qemu, [...radio, '-serial', 'none'], options);
    const count = /^payment (\d+)$/m.exec(stdout)?.[1];
    if (count === undefined) throw new Error(`the board did not finish: ${stdout}`);
    return Number(count);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
