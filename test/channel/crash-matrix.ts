/**
 * Every party of a payment killed before and after each of its steps, and started again. What must hold at the end, when everything has been settled on
 * the chain: the deposits were paid out, to the unit; nobody who kept the rules lost; who pays and who is paid agree; every payment has an end.
 */
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import { OTHER_TOKEN, TOKEN, World, type Kill, type Plans, type StepKind } from '../portable/channel-world.js';

const DEPOSIT = 1_000n;
const AMOUNT = 100n;
const FEE = 1n;

interface Scenario {
  readonly names: readonly string[];
  /** Channels and what is known before the part in which somebody is killed. */
  readonly prepare: (world: World) => void;
  readonly act: (world: World) => void;
  /** Until everybody is up again and has had time. */
  readonly finish: (world: World) => void;
  /** What went wrong, in words. */
  readonly judge: (world: World) => string | undefined;
}

const line = (world: World): void => {
  const names = [...world.parties.keys()];
  names.slice(1).forEach((name, i) => world.open(names[i]!, name, [DEPOSIT, DEPOSIT]));
  for (const party of world.parties.values()) party.fee = FEE;
  world.start();
  world.blocks(1);
};

/** Everybody up again, resent and answered. */
const recover = (world: World): void => {
  world.run(4_000);
  world.start();
  world.run(400_000);
};

/** Deposits of a party: one channel at the ends of a line, two between. */
const stake = (world: World, name: string): bigint => {
  const names = [...world.parties.keys()];
  return name === names[0] || name === names.at(-1) ? DEPOSIT : 2n * DEPOSIT;
};

/** The payment happened for both ends or for none, and as the payer was told; nobody between lost. */
function judgePayment(world: World): string | undefined {
  const names = [...world.parties.keys()];
  const [payer, payee] = [names[0]!, names.at(-1)!];
  const facts = [...world.party(payer).facts.values()];
  const pending = facts.filter(({ type }) => type === 'pending');
  if (pending.length > 0) return `${payer} never learns what became of its payment`;
  const paid = facts.some(({ type }) => type === 'paid');
  const got = world.settleAll();
  const total = [...got.values()].reduce((sum, each) => sum + each, 0n);
  const deposits = BigInt(names.length - 1) * 2n * DEPOSIT;
  if (total !== deposits) return `${total} paid out of ${deposits} deposited; the chain refused: ${world.chain.reverted.join('; ')}`;
  for (const name of names.slice(1, -1))
    if (got.get(name)! < stake(world, name)) return `${name} lost ${stake(world, name) - got.get(name)!}`;
  const gained = got.get(payee)! - stake(world, payee);
  const lost = stake(world, payer) - got.get(payer)!;
  if (gained !== 0n && gained !== AMOUNT) return `${payee} got ${gained}`;
  if (paid !== (gained === AMOUNT)) return `${payer} was told ${paid ? 'paid' : 'failed'}, ${payee} got ${gained}`;
  return lost > gained + FEE * BigInt(names.length - 2) || (lost > 0n && gained === 0n) ? `${payer} lost ${lost}` : undefined;
}

const three = ['A', 'B', 'C', 'D'];
const payThree = (world: World): void => world.pay('A', AMOUNT, ['B', 'C', 'D'], { fee: 2n * FEE });
const away = (world: World, offGrid: boolean): void => world.parties.forEach((party) => void (party.offGrid = offGrid));
const only = (world: World, name: string): string => [...world.party(name).machine!.channels()][0]!.key;

export const scenarios: Readonly<Record<string, Scenario>> = {
  direct: {
    names: ['A', 'B'],
    prepare: line,
    act: (world) => world.pay('A', AMOUNT, ['B']),
    finish: recover,
    judge: judgePayment,
  },
  mediated: { names: three, prepare: line, act: payThree, finish: recover, judge: judgePayment },
  'off-grid': {
    names: three,
    prepare(world) {
      line(world);
      away(world, true);
      world.pass(1_800);
    },
    act: payThree,
    finish(world) {
      recover(world);
      world.pass(20 * 3_600);
      away(world, false);
      world.blocks(1);
      recover(world);
    },
    judge: judgePayment,
  },
  'no way on': {
    names: three,
    prepare: line,
    // C asks more than is offered: it waives, so does B, A is told.
    act(world) {
      world.party('C').fee = 50n;
      payThree(world);
    },
    finish: recover,
    judge: judgePayment,
  },
  swap: {
    names: ['A', 'B'],
    prepare(world) {
      line(world);
      world.open('A', 'B', [DEPOSIT, DEPOSIT], OTHER_TOKEN);
      world.blocks(1);
    },
    act(world) {
      const secret = new Uint8Array(32).fill(7);
      const common = { type: 'swap', hash: world.layouts.secretHash(secret), fee: 0n } as const;
      const give = { currency: TOKEN, amount: AMOUNT };
      const take = { currency: OTHER_TOKEN, amount: 2n * AMOUNT };
      world.send('B', { ...common, token: 1, role: 'taker', send: { ...take, route: [world.id('A')] }, receive: give });
      world.send('A', { ...common, token: 2, role: 'maker', secret, send: { ...give, route: [world.id('B')] }, receive: take });
    },
    finish: recover,
    judge(world) {
      const first = world.settleAll();
      const second = world.settleAll(OTHER_TOKEN);
      for (const got of [first, second])
        if (got.get('A')! + got.get('B')! !== 2n * DEPOSIT) return `paid out ${got.get('A')!} and ${got.get('B')!}`;
      const [gave, took] = [DEPOSIT - first.get('A')!, second.get('A')! - DEPOSIT];
      return (gave === 0n && took === 0n) || (gave === AMOUNT && took === 2n * AMOUNT) ? undefined : `A gave ${gave} and took ${took}`;
    },
  },
  withdraw: {
    names: ['A', 'B'],
    prepare(world) {
      line(world);
      world.pay('A', AMOUNT, ['B']);
      world.run(1_000);
    },
    act: (world) => world.send('B', { type: 'withdraw', channel: only(world, 'B'), token: 3, amount: DEPOSIT }),
    finish(world) {
      recover(world);
      for (let i = 0; i < 6; i += 1) world.blocks(10);
      recover(world);
    },
    judge: judgeAgreement,
  },
  settle: {
    names: ['A', 'B'],
    prepare(world) {
      line(world);
      world.pay('A', AMOUNT, ['B']);
      world.run(1_000);
    },
    act: (world) => world.send('A', { type: 'settle', channel: only(world, 'A'), token: 3 }),
    finish(world) {
      recover(world);
      for (let i = 0; i < 6; i += 1) world.blocks(10);
      recover(world);
    },
    judge: judgeAgreement,
  },
  dispute: {
    names: ['A', 'B', 'C'],
    prepare(world) {
      line(world);
      // B never pays C what it owes for the secret: C has to take it to the chain.
      world.party('B').rules = { ...world.party('B').rules, unlockDelay: 10_000_000 };
      world.party('B').machine = undefined;
      world.start();
      world.pay('A', AMOUNT, ['B', 'C'], { fee: FEE });
      world.run(2_000);
    },
    act: (world) => {
      world.send('C', { type: 'close', channel: only(world, 'C'), token: 3 });
      world.run(100);
      for (let i = 0; i < 8; i += 1) {
        world.blocks(10);
        if (world.killed) world.start();
      }
    },
    finish: recover,
    judge: judgePayment,
  },
};

function judgeAgreement(world: World): string | undefined {
  const got = world.settleAll();
  if (got.get('A')! + got.get('B')! !== 2n * DEPOSIT)
    return `paid out ${got.get('A')!} and ${got.get('B')!}; refused: ${world.chain.reverted.join('; ')}`;
  return got.get('B')! === DEPOSIT + AMOUNT ? undefined : `B got ${got.get('B')!} of ${DEPOSIT + AMOUNT}`;
}

export interface Case {
  readonly scenario: string;
  readonly kill: Kill & { readonly kind: StepKind };
  readonly failure: string | undefined;
}

function play(scenario: Scenario, kernels: Kernels, plans: Plans): { readonly world: World; readonly from: ReadonlyMap<string, number> } {
  const world = new World(kernels, scenario.names, plans);
  scenario.prepare(world);
  const from = new Map([...world.parties.values()].map(({ name, steps }) => [name, steps.length]));
  scenario.act(world);
  // Past the minute that an unlocking waits for company.
  world.run(70_000);
  return { world, from };
}

/** Every kill of a scenario: each party, each step that it takes from `act` on, before and after. */
export function* matrix(name: string, plant: Pick<Plans, 'sendBeforeStore'> = {}): Generator<Case> {
  const scenario = scenarios[name]!;
  const { kernels } = loadWasmKernels();
  const undisturbed = play(scenario, kernels, plant);
  for (const party of undisturbed.world.parties.values())
    for (let step = undisturbed.from.get(party.name)!; step < party.steps.length; step += 1)
      for (const when of ['before', 'after'] as const) {
        const kill = { party: party.name, step, when };
        const { world } = play(scenario, kernels, { ...plant, kill });
        scenario.finish(world);
        const failure = scenario.judge(world);
        yield { scenario: name, kill: { ...kill, kind: party.steps[step]! }, failure };
      }
}
