/**
 * Balances that phones hold at this box, in the token's smallest unit: the owner takes cash and credits, a purchase holds and takes, a refund releases.
 *
 *   hold:  none -> held -> taken | released      each step once; a repeated call answers as the first did
 *
 * One durable record an account, replaced whole: a kill leaves the account before or after a step, never between.
 */
import { Problem } from '../../node/index.js';
import { Journal, type Damage } from '../store/index.js';

/** Accounts of a box; a village has hundreds. */
const ACCOUNTS = 1_000_000;
/** Finished holds an account remembers, so that a purchase repeated after a crash is known. */
const REMEMBERED = 64;
/** Cash slips kept for the owner's book. */
const SLIPS = 1_000_000;

export type HoldState = 'held' | 'taken' | 'released';

interface Account {
  /** Compressed public key in hexadecimal. */
  readonly key: string;
  /** What may be spent; held amounts are not in it. Decimal. */
  readonly balance: string;
  readonly holds: Readonly<Record<string, { readonly amount: string; readonly state: HoldState }>>;
  /** Slips that were booked last, so that a repeated one is known. */
  readonly slips: readonly string[];
}

/** Cash that changed hands over the counter. */
export interface Slip {
  /** Given by the teller's page; a repeated one is booked once. */
  readonly id: string;
  readonly key: string;
  readonly kind: 'cash-in' | 'cash-out';
  readonly amount: string;
  /** Milliseconds since 1970 by the box's clock. */
  readonly at: number;
}

export interface TillOptions {
  readonly accounts: string;
  readonly slips: string;
  /** Most cash that may be paid in over any 24 hours, in the token's smallest unit. */
  readonly dailyLimit: bigint;
  readonly now: () => number;
}

const DAY = 24 * 3600 * 1000;

export class Till {
  readonly damage: readonly Damage[];
  readonly #accounts: Journal<Account>;
  readonly #slips: Journal<Slip>;
  readonly #options: TillOptions;
  #closed = false;

  private constructor(options: TillOptions, accounts: Journal<Account>, slips: Journal<Slip>) {
    this.#options = options;
    this.#accounts = accounts;
    this.#slips = slips;
    this.damage = [accounts, slips].flatMap(({ damage }) => damage ?? []);
  }

  static async open(options: TillOptions): Promise<Till> {
    return new Till(
      options,
      await Journal.open({ file: options.accounts, key: ({ key }) => key, valid: isAccount, capacity: ACCOUNTS }),
      await Journal.open({ file: options.slips, key: ({ id }) => id, valid: isSlip, capacity: SLIPS }),
    );
  }

  balance(key: string): bigint {
    return BigInt(this.#account(key).balance);
  }

  /** What all phones hold here, held amounts included: what the owner owes. */
  owed(): bigint {
    let sum = 0n;
    for (const { balance, holds } of this.#accounts.values()) {
      sum += BigInt(balance);
      for (const { amount, state } of Object.values(holds)) if (state === 'held') sum += BigInt(amount);
    }
    return sum;
  }

  slips(): Slip[] {
    return this.#slips.values();
  }

  /** Closes the till for cash, until it is opened again. */
  close(closed: boolean): void {
    this.#closed = closed;
  }

  /** Books cash once, however often it is asked for. Fails with a Problem `till-closed`, `daily-limit` or `balance`. */
  async book(slip: Omit<Slip, 'at'>): Promise<Slip> {
    const known = this.#slips.get(slip.id);
    if (known) return known;
    const account = this.#account(slip.key);
    const booked = { ...slip, at: this.#options.now() };
    if (!account.slips.includes(slip.id)) {
      const amount = positive(slip.amount);
      this.#allowCash(slip.kind, amount);
      const after = BigInt(account.balance) + (slip.kind === 'cash-in' ? amount : -amount);
      if (after < 0n) throw tooLittle(account.balance, slip.amount);
      await this.#accounts.put({ ...account, balance: String(after), slips: [...account.slips, slip.id].slice(-REMEMBERED) });
    }
    await this.#slips.put(booked);
    return booked;
  }

  holdState(key: string, reference: string): HoldState | undefined {
    return this.#account(key).holds[reference]?.state;
  }

  /** none -> held. Fails with a Problem `balance` or `hold-ended`. */
  async hold(key: string, reference: string, amount: bigint): Promise<void> {
    const account = this.#account(key);
    const known = account.holds[reference];
    if (known?.state === 'held' && BigInt(known.amount) === amount) return;
    if (known) throw new Problem('hold-ended', `purchase ${reference} is ${known.state} already`, 'Begin a new purchase.');
    const after = BigInt(account.balance) - positive(String(amount));
    if (after < 0n) throw tooLittle(account.balance, String(amount));
    await this.#accounts.put({
      ...account,
      balance: String(after),
      holds: { ...account.holds, [reference]: { amount: String(amount), state: 'held' } },
    });
  }

  /** held -> taken */
  async take(key: string, reference: string): Promise<void> {
    await this.#end(key, reference, 'taken');
  }

  /** held -> released: the amount may be spent again. Nothing was held: nothing to do. */
  async release(key: string, reference: string): Promise<void> {
    if (this.holdState(key, reference) !== undefined) await this.#end(key, reference, 'released');
  }

  async stop(): Promise<void> {
    await this.#accounts.close();
    await this.#slips.close();
  }

  async #end(key: string, reference: string, state: 'taken' | 'released'): Promise<void> {
    const account = this.#account(key);
    const hold = account.holds[reference];
    if (hold?.state === state) return;
    if (hold?.state !== 'held')
      throw new Problem('hold-ended', `purchase ${reference} is ${hold?.state ?? 'not known'}`, 'Begin a new purchase.');
    const balance = state === 'released' ? String(BigInt(account.balance) + BigInt(hold.amount)) : account.balance;
    await this.#accounts.put({ ...account, balance, holds: forgetEnded({ ...account.holds, [reference]: { ...hold, state } }) });
  }

  #allowCash(kind: Slip['kind'], amount: bigint): void {
    if (this.#closed) throw new Problem('till-closed', 'the till is closed', 'The owner opens it.');
    if (kind === 'cash-out') return;
    const since = this.#options.now() - DAY;
    let today = amount;
    for (const slip of this.#slips.values()) if (slip.kind === 'cash-in' && slip.at > since) today += BigInt(slip.amount);
    if (today > this.#options.dailyLimit)
      throw new Problem(
        'daily-limit',
        `this would make ${today} in 24 hours, the owner allows ${this.#options.dailyLimit}`,
        'Try a smaller amount or wait.',
      );
  }

  #account(key: string): Account {
    return this.#accounts.get(key) ?? { key, balance: '0', holds: {}, slips: [] };
  }
}

/** Ended holds beyond the remembered number go, oldest first; open ones stay. */
function forgetEnded(holds: Account['holds']): Account['holds'] {
  const ended = Object.keys(holds).filter((reference) => holds[reference]!.state !== 'held');
  const gone = new Set(ended.slice(0, Math.max(0, ended.length - REMEMBERED)));
  return Object.fromEntries(Object.entries(holds).filter(([reference]) => !gone.has(reference)));
}

function positive(amount: string): bigint {
  if (!/^[1-9]\d{0,77}$/.test(amount)) throw new Problem('bad-amount', `"${amount}" is not an amount`, 'Give a whole number above zero.');
  return BigInt(amount);
}

function tooLittle(balance: string, amount: string): Problem {
  return new Problem('balance', `the balance is ${balance}, this takes ${amount}`, 'Pay in at the counter, or buy less.');
}

const isDecimal = (value: unknown): boolean => typeof value === 'string' && /^\d{1,78}$/.test(value);

function isAccount(value: unknown): value is Account {
  const account = value as Account | undefined;
  return (
    typeof account?.key === 'string' &&
    isDecimal(account.balance) &&
    typeof account.holds === 'object' &&
    Object.values(account.holds).every(({ amount, state }) => isDecimal(amount) && ['held', 'taken', 'released'].includes(state)) &&
    Array.isArray(account.slips)
  );
}

function isSlip(value: unknown): value is Slip {
  const slip = value as Slip | undefined;
  return (
    typeof slip?.id === 'string' &&
    typeof slip.key === 'string' &&
    ['cash-in', 'cash-out'].includes(slip.kind) &&
    isDecimal(slip.amount) &&
    Number.isFinite(slip.at)
  );
}
