/**
 * Internet sold by octets, in two phases, so that money and gate agree after a kill at any instant:
 *
 *   (new) -> begun      stored, then the money is held             killed here: released at the next start
 *   begun -> opened     the gate lets the octets through           killed before it is stored: released, and the gate is set back
 *   opened -> paid      the money is taken                         killed before: taken at the next start
 *   begun -> refunded   too little money, or the gate did not open
 *
 * What a session may carry is the sum of its opened and paid sales: there is no second book that could differ.
 */
import { messageOf, Problem } from '../../node/index.js';
import { Journal, type Damage } from '../store/index.js';
import type { Gate } from './gate.js';

/** Where the money is; till/ is one, a channel node another. Each call may be repeated. */
export interface Purse {
  hold(key: string, reference: string, amount: bigint): Promise<void>;
  take(key: string, reference: string): Promise<void>;
  release(key: string, reference: string): Promise<void>;
}

export type SaleState = 'begun' | 'opened' | 'paid' | 'refunded';

export interface Sale {
  /** Given by the phone: a repeated purchase is one. */
  readonly id: string;
  readonly key: string;
  readonly octets: number;
  /** In the token's smallest unit, decimal. */
  readonly price: string;
  readonly state: SaleState;
  readonly at: number;
}

/** A phone as a customer. Its number names its objects in the kernel. */
export interface Customer {
  readonly key: string;
  readonly session: number;
  /** Octets counted before the kernel's present count began (restart of the machine). */
  readonly base: number;
  /** Octets counted in all, as last stored: what a restart of the machine goes on from. */
  readonly counted: number;
}

/** What a phone is told of its account. */
export interface Meter {
  readonly bought: number;
  readonly used: number;
  readonly remaining: number;
}

/** Octets that no packet may be small enough to use: they stay the phone's, until it buys more. */
const PACKET = 1_500;
/** Sales and customers kept. */
const RECORDS = 1_000_000;
/** A phone may not buy more at once than a disk: a slip of the finger. */
const MOST = 1024 ** 4;

export interface SalesOptions {
  readonly sales: string;
  readonly customers: string;
  readonly gate: Gate;
  readonly purse: Purse;
  /** Price of 1,000,000 octets in the token's smallest unit. */
  readonly pricePerMegabyte: () => bigint;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

export class Sales {
  readonly damage: readonly Damage[];
  readonly #options: SalesOptions;
  readonly #sales: Journal<Sale>;
  readonly #customers: Journal<Customer>;
  readonly #bought = new Map<string, number>();
  readonly #keys = new Map<number, string>();
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: SalesOptions, sales: Journal<Sale>, customers: Journal<Customer>) {
    this.#options = options;
    this.#sales = sales;
    this.#customers = customers;
    this.damage = [sales, customers].flatMap(({ damage }) => damage ?? []);
  }

  /** Finishes what a kill left half done, then sets the gate to what was sold. */
  static async open(options: SalesOptions): Promise<Sales> {
    const sales = new Sales(
      options,
      await Journal.open({ file: options.sales, key: ({ id }) => id, valid: isSale, capacity: RECORDS }),
      await Journal.open({ file: options.customers, key: ({ key }) => key, valid: isCustomer, capacity: RECORDS }),
    );
    await sales.#recover();
    return sales;
  }

  /** The customer of a key, made at the first call. */
  async customer(key: string): Promise<Customer> {
    const known = this.#customers.get(key);
    if (known) return known;
    const customer = { key, session: this.#keys.size + 1, base: 0, counted: 0 };
    this.#keys.set(customer.session, key);
    await this.#customers.put(customer);
    await this.#settle(key);
    return customer;
  }

  keyOf(session: number): string | undefined {
    return this.#keys.get(session);
  }

  price(octets: number): bigint {
    if (!Number.isSafeInteger(octets) || octets <= 0 || octets > MOST)
      throw new Problem('bad-amount', `"${octets}" is not a number of octets`, `Give a whole number from 1 to ${MOST}.`);
    return (BigInt(octets) * this.#options.pricePerMegabyte() + 999_999n) / 1_000_000n;
  }

  /** Sells; a repeated call with the same id answers the same sale. Fails with a Problem of the purse or the gate; then nothing was taken. */
  buy(key: string, id: string, octets: number): Promise<Sale> {
    return this.#oneByOne(async () => {
      const known = this.#sales.get(id);
      if (known) {
        if (known.key === key && known.octets === octets) return known;
        throw new Problem('sale-known', `purchase ${id} was made for something else`, 'Begin a new purchase with a new id.');
      }
      const price = this.price(octets);
      await this.customer(key);
      const sale: Sale = { id, key, octets, price: String(price), state: 'begun', at: this.#options.now() };
      await this.#sales.put(sale);
      try {
        await this.#options.purse.hold(key, id, price);
      } catch (error) {
        await this.#sales.put({ ...sale, state: 'refunded' });
        throw error;
      }
      return this.#open(sale);
    });
  }

  /** The kernel says that a quota is used up: give what a top-up in that instant may have left over. */
  async depleted(session: number): Promise<void> {
    const key = this.#keys.get(session);
    if (key === undefined) return;
    await this.#oneByOne(async () => {
      if (((await this.meters()).get(key)?.remaining ?? 0) > PACKET) await this.#settle(key);
    });
  }

  async meters(): Promise<Map<string, Meter>> {
    const readings = await this.#options.gate.readings();
    return new Map(
      this.#customers.values().map(({ key, session, base }) => {
        const bought = this.#bought.get(key) ?? 0;
        const used = Math.min(bought, base + (readings.get(session)?.counted ?? 0));
        return [key, { bought, used, remaining: bought - used }];
      }),
    );
  }

  sales(): Sale[] {
    return this.#sales.values();
  }

  /** Stores the counts of those that have changed: a restart of the machine goes on from there. */
  async checkpoint(): Promise<void> {
    const readings = await this.#options.gate.readings();
    for (const customer of this.#customers.values()) {
      const counted = customer.base + (readings.get(customer.session)?.counted ?? 0);
      if (counted !== customer.counted) await this.#customers.put({ ...customer, counted });
    }
  }

  async stop(): Promise<void> {
    await this.#queue;
    await this.checkpoint();
    await this.#sales.close();
    await this.#customers.close();
  }

  async #recover(): Promise<void> {
    const { purse, gate, log } = this.#options;
    for (const customer of this.#customers.values()) {
      this.#keys.set(customer.session, customer.key);
      if (gate.fresh && customer.base !== customer.counted) await this.#customers.put({ ...customer, base: customer.counted });
    }
    for (const sale of this.#sales.values()) {
      if (sale.state === 'begun') {
        log(`uplink: purchase ${sale.id} was interrupted before the gate opened; its money is released`);
        await purse.release(sale.key, sale.id);
        await this.#sales.put({ ...sale, state: 'refunded' });
      } else if (sale.state === 'opened') {
        log(`uplink: purchase ${sale.id} was interrupted after the gate opened; its money is taken now`);
        this.#add(sale);
        await this.#pay(sale);
      } else if (sale.state === 'paid') this.#add(sale);
    }
    for (const { key } of this.#customers.values()) await this.#settle(key);
  }

  /** begun -> opened -> paid, or begun -> refunded */
  async #open(sale: Sale): Promise<Sale> {
    this.#add(sale);
    try {
      await this.#settle(sale.key);
    } catch (error) {
      this.#bought.set(sale.key, this.#bought.get(sale.key)! - sale.octets);
      await this.#options.purse.release(sale.key, sale.id);
      await this.#sales.put({ ...sale, state: 'refunded' });
      throw new Problem('gate-failed', `the gate did not open: ${messageOf(error)}`, 'Nothing was taken. Tell the owner of the box.');
    }
    const opened: Sale = { ...sale, state: 'opened' };
    await this.#sales.put(opened);
    return this.#pay(opened);
  }

  /** opened -> paid */
  async #pay(sale: Sale): Promise<Sale> {
    await this.#options.purse.take(sale.key, sale.id);
    const paid: Sale = { ...sale, state: 'paid' };
    await this.#sales.put(paid);
    return paid;
  }

  #add({ key, octets }: Sale): void {
    this.#bought.set(key, (this.#bought.get(key) ?? 0) + octets);
  }

  async #settle(key: string): Promise<void> {
    const { session, base } = this.#customers.get(key)!;
    await this.#options.gate.allow(session, (counted) => (this.#bought.get(key) ?? 0) - base - counted);
  }

  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isSale(value: unknown): value is Sale {
  const sale = value as Sale | undefined;
  return (
    typeof sale?.id === 'string' &&
    typeof sale.key === 'string' &&
    isCount(sale.octets) &&
    /^\d+$/.test(String(sale.price)) &&
    ['begun', 'opened', 'paid', 'refunded'].includes(sale.state) &&
    Number.isFinite(sale.at)
  );
}

function isCustomer(value: unknown): value is Customer {
  const customer = value as Customer | undefined;
  return typeof customer?.key === 'string' && isCount(customer.session) && isCount(customer.base) && isCount(customer.counted);
}
