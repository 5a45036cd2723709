/**
 * The gate in the kernel: who is bound to which address, how much each session may still carry, and exact counts. Enforcement lives in nftables, so it goes
 * on while the daemon is down; `readings` and the depletion event come from there too.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Problem } from '../../node/index.js';
import {
  bindScript,
  limitScript,
  sessionOf,
  tableScript,
  unbindScript,
  TABLE,
  type Binding,
  type BoundSession,
  type GateRules,
} from './rules.js';

/** A session as the kernel has it, in octets. */
export interface Reading {
  /** Carried and paid for, since the table was made. */
  readonly counted: number;
  /** Of the quota: counted, and what went through the slow lane since. */
  readonly used: number;
  readonly limit: number;
}

export interface GateOptions {
  readonly rules: GateRules;
  /** The quota of the session is used up. */
  readonly depleted: (session: number) => void;
  /** The event stream of the kernel ended; it is started again. */
  readonly log: (line: string) => void;
}

/** Pause before the event stream is opened again, in ms. */
const REOPEN = 1_000;

export class Gate {
  /** True: the kernel had no table, so every count begins at zero. */
  readonly fresh: boolean;
  readonly #options: GateOptions;
  readonly #bound = new Map<string, BoundSession>();
  #events: ChildProcess | undefined;
  #stopped = false;

  private constructor(options: GateOptions, fresh: boolean) {
    this.#options = options;
    this.fresh = fresh;
  }

  /** Fails with a Problem `no-nft` or `gate-failed`. */
  static async open(options: GateOptions): Promise<Gate> {
    const fresh = !(await tables()).includes('meshbox');
    await run(['-f', '-'], tableScript(options.rules));
    const gate = new Gate(options, fresh);
    if (!fresh) await gate.#readBound();
    gate.#watch();
    return gate;
  }

  async rules(rules: GateRules): Promise<void> {
    await run(['-f', '-'], tableScript(rules));
  }

  /** The session may carry `octets` more than it has. Exact while it is not depleted; the depletion event corrects the rest. */
  async allow(session: number, octets: (counted: number) => number): Promise<void> {
    const { used, counted } = (await this.readings()).get(session) ?? { used: 0, counted: 0 };
    await run(['-f', '-'], limitScript(session, used + Math.max(0, octets(counted))));
  }

  /** From now on and for `seconds` the address carries the session's traffic. */
  async bind(session: number, binding: Binding, seconds: number): Promise<void> {
    const before = [...this.#bound.values()].filter((each) => each.ip === binding.ip || each.session === session);
    await run(['-f', '-'], bindScript(session, binding, seconds, before));
    for (const { ip } of before) this.#bound.delete(ip);
    this.#bound.set(binding.ip, { ...binding, session });
  }

  async unbind(session: number): Promise<void> {
    const bound = [...this.#bound.values()].filter((each) => each.session === session);
    if (bound.length > 0) await run(['-f', '-'], bound.map(unbindScript).join(''));
    for (const { ip } of bound) this.#bound.delete(ip);
  }

  sessionAt(ip: string): number | undefined {
    return this.#bound.get(ip)?.session;
  }

  async readings(): Promise<Map<number, Reading>> {
    const objects = await list(['list', 'table', ...TABLE.split(' ')]);
    const counts = new Map(objects.flatMap(({ counter }) => (counter ? [[counter.name, counter.bytes] as const] : [])));
    return new Map(
      objects.flatMap(({ quota }) => {
        const session = quota ? sessionOf(quota.name) : -1;
        return quota && session >= 0 ? [[session, { counted: counts.get(`c${session}`) ?? 0, used: quota.used, limit: quota.bytes }]] : [];
      }),
    );
  }

  /** Octets that the uplink has carried, and packets that were refused, since the table was made. */
  async totals(): Promise<{ readonly uplink: number; readonly refused: number }> {
    const counters = (await list(['list', 'counters', 'table', ...TABLE.split(' ')])).flatMap(({ counter }) => counter ?? []);
    const of = (name: string) => counters.find((counter) => counter.name === name);
    return { uplink: of('uplink')?.bytes ?? 0, refused: of('refused')?.packets ?? 0 };
  }

  /** The rules stay: what was bought goes on being served, bindings run out by themselves. */
  stop(): void {
    this.#stopped = true;
    this.#events?.kill();
  }

  /** Takes the gate out of the kernel. */
  static async remove(): Promise<void> {
    if ((await tables()).includes('meshbox')) await run(['delete', 'table', ...TABLE.split(' ')]);
  }

  async #readBound(): Promise<void> {
    const objects = await list(['list', 'table', ...TABLE.split(' ')]);
    const quotas = objects.find(({ map }) => map?.name === 'quotas')?.map?.elem ?? [];
    const macs = new Map<string, string>();
    for (const elem of objects.find(({ set }) => set?.name === 'bound')?.set?.elem ?? []) {
      const [ip, mac] = elem.elem?.val.concat ?? [];
      if (ip !== undefined && mac !== undefined) macs.set(ip, mac);
    }
    // The MAC of a binding that has run out does not matter: it is only named to be deleted.
    for (const [ip, quota] of quotas) this.#bound.set(ip, { ip, mac: macs.get(ip) ?? '00:00:00:00:00:00', session: sessionOf(quota) });
  }

  #watch(): void {
    if (this.#stopped) return;
    const events = spawn('nft', ['-j', 'monitor'], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#events = events;
    createInterface({ input: events.stdout }).on('line', (line) => {
      const quota = parse(line)?.add?.quota;
      if (quota?.table !== 'meshbox' || quota.used === undefined || quota.used < quota.bytes) return;
      const session = sessionOf(quota.name);
      if (session >= 0) this.#options.depleted(session);
    });
    events
      .on('error', () => undefined)
      .on('close', () => {
        if (this.#stopped) return;
        this.#options.log('uplink: the event stream of the kernel ended; it is opened again');
        setTimeout(() => this.#watch(), REOPEN);
      });
  }
}

interface KernelObject {
  readonly table?: { readonly family: string; readonly name: string };
  readonly quota?: { readonly table: string; readonly name: string; readonly bytes: number; readonly used: number };
  readonly counter?: { readonly name: string; readonly bytes: number; readonly packets: number };
  readonly map?: { readonly name: string; readonly elem?: readonly (readonly [string, string])[] };
  readonly set?: {
    readonly name: string;
    readonly elem?: readonly { readonly elem?: { readonly val: { readonly concat: readonly string[] } } }[];
  };
}

function parse(line: string): { readonly add?: KernelObject } | undefined {
  try {
    return JSON.parse(line) as { add?: KernelObject };
  } catch {
    return undefined; // nft prints a warning among its events when it has not seen an object before.
  }
}

async function tables(): Promise<string[]> {
  return (await list(['list', 'tables'])).flatMap(({ table }) => (table?.family === 'inet' ? [table.name] : []));
}

async function list(args: readonly string[]): Promise<KernelObject[]> {
  return (JSON.parse(await run(['-j', ...args])) as { nftables: KernelObject[] }).nftables;
}

function run(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', args, { stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', () =>
      reject(new Problem('no-nft', 'the packet filter nft is not installed', 'Install it with `apt-get install nftables`.')),
    );
    child.on('close', (code) => {
      if (code === 0) return resolve(out);
      const why = err.trim().split('\n')[0] ?? '';
      const remedy = /not permitted/.test(why) ? 'Selling Internet needs root: start the daemon as root.' : 'See `nft list ruleset`.';
      reject(new Problem('gate-failed', `the kernel refused the gate: ${why}`, remedy));
    });
  });
}
