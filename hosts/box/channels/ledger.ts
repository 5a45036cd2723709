/**
 * The durable side of the channel machine: its records, the payments that a person can look up, income by day and kind. A log in one file: one write at a
 * time, each atomic and synced (O_DSYNC); what is asked for meanwhile goes into the next one together (group commit), in the order in which it was asked for.
 *
 *   entry = length of the body 4, first octets of its sha256 8, body
 *   body  = number of records 2, each: octets of the key 1, key, octets of the value 4 (ffffffff: deleted), value; then JSON { payments, income? }
 *
 * A torn last entry is what a kill leaves, and is cut off; damage elsewhere stops the start. The first entry after a compaction holds everything.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Fact, StoreRecord } from '../../../firmware/core/channel/index.js';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';

/** Payments kept: a shop's for months; the oldest are forgotten, their income stays. */
const PAYMENTS = 10_000;

/** A payment as the API shows it; amounts in the token's smallest unit, ids and addresses hexadecimal. */
export interface Payment {
  readonly id: string;
  readonly state: 'pending' | 'paid' | 'failed' | 'received' | 'forwarded';
  readonly kind: 'direct' | 'mediated' | 'swap';
  readonly token: string;
  /** Node id: whom we paid, or who paid us. */
  readonly peer: string;
  readonly amount: string;
  readonly fee: string;
  readonly data?: string;
  readonly reason?: string;
  /** ms since 1970, by the clock of this machine: for people. */
  readonly at: number;
}

export interface Income {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly token: string;
  readonly kind: 'received' | 'fees';
  readonly amount: string;
  readonly count: number;
}

interface Pending {
  readonly records: readonly StoreRecord[];
  readonly facts: readonly Fact[];
  readonly done: () => void;
}

interface Extra {
  readonly payments: readonly Payment[];
  readonly income?: readonly Income[];
}

const HEAD = 12;
const DELETED = 0xffff_ffff;
/** Compacted when it has grown by so much: 30,000 payments or so. */
const GROWTH = 64 * 1024 ** 2;
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC;

export class Ledger {
  readonly #file: string;
  readonly #records = new Map<string, Uint8Array>();
  readonly #payments = new Map<string, Payment>();
  readonly #income = new Map<string, Income>();
  readonly #failed: (error: unknown) => void;
  readonly #now: () => number;
  #handle: FileHandle | undefined;
  #grown = 0;
  #pending: Pending[] = [];
  #writing: Promise<void> | undefined;

  private constructor(file: string, failed: (error: unknown) => void, now: () => number) {
    this.#file = file;
    this.#failed = failed;
    this.#now = now;
  }

  /** @param failed the disk is full or gone: from then on nothing is stored, so nothing leaves. Fails with a Problem `channels-corrupt`. */
  static async open(folder: string, failed: (error: unknown) => void, now: () => number = Date.now): Promise<Ledger> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const ledger = new Ledger(join(folder, 'ledger'), failed, now);
    await ledger.#load();
    return ledger;
  }

  get records(): StoreRecord[] {
    return [...this.#records].map(([key, value]) => ({ key, value }));
  }

  /** `done` once all of it survives a kill; never if it can't be written. */
  append(records: readonly StoreRecord[], facts: readonly Fact[], done: () => void): void {
    this.#pending.push({ records, facts, done });
    this.#writing ??= this.#write();
  }

  payments(): Payment[] {
    return [...this.#payments.values()].sort((a, b) => a.at - b.at);
  }

  income(): Income[] {
    return [...this.#income.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #load(): Promise<void> {
    let octets: Buffer;
    try {
      octets = await readFile(this.#file);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw corrupt(this.#file, messageOf(error));
    }
    let at = 0;
    while (at + HEAD <= octets.length) {
      const end = at + HEAD + octets.readUInt32BE(at);
      if (end > octets.length) break;
      const body = octets.subarray(at + HEAD, end);
      if (!checkOf(body).equals(octets.subarray(at + 4, at + HEAD))) {
        if (end === octets.length) break;
        throw corrupt(this.#file, `the entry at octet ${at} is damaged`);
      }
      this.#replay(body);
      at = end;
    }
    if (at < octets.length) await truncate(this.#file, at);
    await this.#compact();
  }

  #replay(body: Buffer): void {
    let at = 2;
    for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
      const key = body.toString('latin1', at + 1, at + 1 + body[at]!);
      at += 1 + key.length;
      const length = body.readUInt32BE(at);
      at += 4;
      if (length === DELETED) this.#records.delete(key);
      else {
        this.#records.set(key, new Uint8Array(body.subarray(at, at + length)));
        at += length;
      }
    }
    const { payments, income } = JSON.parse(body.toString('utf8', at)) as Extra;
    for (const payment of payments) this.#keep(payment, income === undefined);
    for (const each of income ?? []) this.#income.set(`${each.day}/${each.token}/${each.kind}`, each);
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      // Whatever this turn brings goes along.
      await setImmediate();
      const group = this.#pending;
      this.#pending = [];
      const payments: Payment[] = [];
      for (const { records, facts } of group) {
        for (const { key, value } of records)
          if (value === undefined) this.#records.delete(key);
          else this.#records.set(key, value);
        for (const fact of facts) {
          const payment = paymentOf(fact, this.#now());
          if (this.#keep(payment, true)) payments.push(payment);
        }
      }
      // Of a record that is written twice in a group only the last counts.
      const records = new Map(group.flatMap((each) => each.records.map(({ key, value }) => [key, value] as const)));
      try {
        const entry = entryOf(records, { payments });
        this.#handle ??= await open(this.#file, FLAGS, 0o600);
        await this.#handle.writeFile(entry);
        this.#grown += entry.length;
        if (this.#grown > GROWTH) await this.#compact();
      } catch (error) {
        // What is not stored is never said to be: `done` stays away, and so does whatever waits for it.
        return this.#failed(error);
      }
      for (const { done } of group) done();
    }
    this.#writing = undefined;
  }

  async #compact(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    const everything = { payments: [...this.#payments.values()], income: [...this.#income.values()] };
    await writeDurably(this.#file, entryOf(this.#records, everything), 0o600);
    this.#grown = 0;
  }

  /** True if it says something new. */
  #keep(payment: Payment, counts: boolean): boolean {
    const key = `${payment.state === 'forwarded' || payment.state === 'received' ? payment.state : 'ours'} ${payment.id}`;
    if (this.#payments.get(key)?.state === payment.state) return false;
    this.#payments.set(key, payment);
    if (this.#payments.size > PAYMENTS) this.#payments.delete(this.#payments.keys().next().value!);
    if (counts && payment.state === 'received') this.#earn('received', payment, payment.amount);
    if (counts && payment.state === 'forwarded' && payment.fee !== '0') this.#earn('fees', payment, payment.fee);
    return true;
  }

  #earn(kind: Income['kind'], { token, at }: Payment, amount: string): void {
    const day = new Date(at).toISOString().slice(0, 10);
    const key = `${day}/${token}/${kind}`;
    const before = this.#income.get(key);
    this.#income.set(key, {
      day,
      token,
      kind,
      amount: String(BigInt(before?.amount ?? 0) + BigInt(amount)),
      count: (before?.count ?? 0) + 1,
    });
  }
}

function entryOf(records: ReadonlyMap<string, Uint8Array | undefined>, extra: Extra): Buffer {
  const text = Buffer.from(JSON.stringify(extra));
  let octets = HEAD + 2 + text.length;
  for (const [key, value] of records) octets += 5 + key.length + (value?.length ?? 0);
  const entry = Buffer.allocUnsafe(octets);
  let at = entry.writeUInt16BE(records.size, HEAD);
  for (const [key, value] of records) {
    at = entry.writeUInt8(key.length, at);
    at += entry.write(key, at, 'latin1');
    at = entry.writeUInt32BE(value?.length ?? DELETED, at);
    if (value === undefined) continue;
    entry.set(value, at);
    at += value.length;
  }
  text.copy(entry, at);
  entry.writeUInt32BE(octets - HEAD, 0);
  checkOf(entry.subarray(HEAD)).copy(entry, 4);
  return entry;
}

/** 64 bits: finds damage, not malice. */
const checkOf = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest().subarray(0, 8);

const hex = (octets: Uint8Array): string => Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');

function paymentOf(fact: Fact, at: number): Payment {
  const common = { id: fact.id, state: fact.type, token: hex(fact.token), amount: String(fact.amount), at };
  switch (fact.type) {
    case 'received':
      return { ...common, kind: fact.kind, peer: hex(fact.from), fee: '0', ...(fact.data.length > 0 ? { data: hex(fact.data) } : {}) };
    case 'forwarded':
      return { ...common, kind: 'mediated', peer: '', fee: String(fact.fee) };
    default:
      return {
        ...common,
        kind: fact.kind,
        peer: hex(fact.to),
        fee: String(fact.fee),
        ...(fact.reason === undefined ? {} : { reason: fact.reason }),
      };
  }
}

function corrupt(file: string, why: string): Problem {
  return new Problem(
    'channels-corrupt',
    `the channels in ${file} cannot be read: ${why}`,
    `Never delete ${file}: it holds money. Restore it from the newest backup; the box then asks its partners for what is newer before it closes anything.`,
  );
}
