/** Purchases under a kill before and after every step: the gate and the till are real files and the real classes, only the kernel's table is a map. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Sales, type Gate } from '../../hosts/box/uplink/index.js';
import { Till } from '../../hosts/box/till/index.js';

const KEY = `02${'11'.repeat(32)}`;

class Killed extends Error {}

/** Counts steps, and ends the process, so to say, at the one with this number: the disk as it is then is what the next start finds. */
class Fuse {
  #steps = 0;
  readonly #at: number;
  readonly #disk: string | undefined;
  blown = false;

  constructor(at = -1, disk?: string) {
    this.#at = at;
    this.#disk = disk;
  }

  step(): void {
    if (!this.blown && (this.#steps += 1) === this.#at) {
      this.blown = true;
      cpSync(this.#disk!, `${this.#disk!}-after`, { recursive: true });
    }
    if (this.blown) throw new Killed('killed');
  }
}

/** The kernel: outlives the daemon, or not when the machine itself loses power. */
class Kernel {
  readonly sessions = new Map<number, { counted: number; used: number; limit: number }>();

  gate(fuse: Fuse, fresh: boolean): Gate {
    return {
      fresh,
      readings: async () => new Map([...this.sessions].map(([session, reading]) => [session, { ...reading }])),
      allow: async (session: number, octets: (counted: number) => number) => {
        fuse.step();
        const { counted, used } = this.sessions.get(session) ?? { counted: 0, used: 0 };
        this.sessions.set(session, { counted, used, limit: used + Math.max(0, octets(counted)) });
        fuse.step();
      },
    } as unknown as Gate;
  }

  /** Traffic until the quota is used up: what got through at full speed. */
  carry(session: number, octets: number): number {
    const reading = this.sessions.get(session)!;
    const fast = Math.max(0, Math.min(octets, reading.limit - reading.used));
    reading.counted += fast;
    reading.used += octets;
    return fast;
  }
}

interface Run {
  readonly till: Till;
  readonly sales: Sales;
}

async function open(folder: string, kernel: Kernel, fuse: Fuse, fresh = false): Promise<Run> {
  const till = await Till.open({ accounts: join(folder, 'accounts'), slips: join(folder, 'slips'), dailyLimit: 10n ** 30n, now: () => 0 });
  const purse = {
    async hold(key: string, reference: string, amount: bigint) {
      fuse.step();
      await till.hold(key, reference, amount);
      fuse.step();
    },
    async take(key: string, reference: string) {
      fuse.step();
      await till.take(key, reference);
      fuse.step();
    },
    async release(key: string, reference: string) {
      fuse.step();
      await till.release(key, reference);
      fuse.step();
    },
  };
  const sales = await Sales.open({
    sales: join(folder, 'sales'),
    customers: join(folder, 'customers'),
    gate: kernel.gate(fuse, fresh),
    purse,
    pricePerMegabyte: () => 1_000n,
    now: () => 0,
    log: () => undefined,
  });
  return { till, sales };
}

async function stop({ till, sales }: Run): Promise<void> {
  await sales.stop();
  await till.stop();
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-sales-'));
  try {
    await work(folder);
  } finally {
    for (const each of [folder, `${folder}-after`]) await rm(each, { recursive: true, force: true });
  }
}

const cash = (amount: string) => ({ id: `slip ${amount}`, key: KEY, kind: 'cash-in' as const, amount });

test('killed before and after every step of a purchase: what was taken is what the gate lets through', async (t) => {
  let cases = 0;
  let sold = 0;
  for (let at = 1; ; at += 1) {
    let reached = false;
    await inFolder(async (folder) => {
      const fuse = new Fuse(at, folder);
      const kernel = new Kernel();
      const first = await open(folder, kernel, fuse);
      await first.till.book(cash('10000'));
      const done = await first.sales.buy(KEY, 'a', 3_000_000).catch((error: unknown) => error);
      reached = fuse.blown;
      if (fuse.blown) assert.ok(done instanceof Error, 'the phone was not told that it bought');
      await stop(first);
      const second = await open(fuse.blown ? `${folder}-after` : folder, kernel, new Fuse());
      const { till, sales } = second;
      const taken = 10_000n - till.balance(KEY);
      assert.equal(till.owed(), till.balance(KEY), `step ${at}: nothing stays held`);
      assert.ok(taken === 0n || taken === 3_000n, `step ${at}: ${taken} taken`);
      const meter = (await sales.meters()).get(KEY);
      assert.equal(BigInt(meter?.bought ?? 0), taken * 1_000n, `step ${at}`);
      assert.equal(meter === undefined ? 0 : kernel.carry(1, 10_000_000), Number(taken) * 1_000, `step ${at}: through the gate`);
      // The phone asks again with the same id: it gets it once, or hears that it was refunded.
      const again = await sales.buy(KEY, 'a', 3_000_000);
      assert.equal(again.state === 'paid' ? 3_000n : 0n, 10_000n - till.balance(KEY), `step ${at}: ${again.state}`);
      assert.ok(10_000n - till.balance(KEY) <= 3_000n, `step ${at}: paid once at most`);
      if (taken > 0n) sold += 1;
      await stop(second);
    });
    if (!reached) break;
    cases += 1;
  }
  assert.ok(cases >= 8 && sold > 0 && sold < cases, `${cases} cases, ${sold} sold`);
  t.diagnostic(`${cases} kills: ${sold - 1} sold, ${cases - sold + 1} not`);
});

test('the rig catches a purchase that opens the gate before the money is held', async () => {
  await inFolder(async (folder) => {
    const kernel = new Kernel();
    const run = await open(folder, kernel, new Fuse());
    const { till, sales } = run;
    await till.book(cash('10000'));
    await sales.customer(KEY);
    await kernel.gate(new Fuse(), false).allow(1, () => 3_000_000); // the planted fault, then the kill
    assert.notEqual(BigInt(kernel.carry(1, 10_000_000)), (10_000n - till.balance(KEY)) * 1_000n);
    await stop(run);
  });
});

test('too little money: nothing is sold, and the next purchase works', async () => {
  await inFolder(async (folder) => {
    const run = await open(folder, new Kernel(), new Fuse());
    const { till, sales } = run;
    await assert.rejects(sales.buy(KEY, 'a', 1_000_000), { code: 'balance' });
    await till.book(cash('1000'));
    assert.equal((await sales.buy(KEY, 'b', 1_000_000)).state, 'paid');
    await assert.rejects(sales.buy(KEY, 'b', 2_000_000), { code: 'sale-known' });
    await assert.rejects(sales.buy(KEY, 'c', 0), { code: 'bad-amount' });
    await assert.rejects(sales.buy(KEY, 'c', 1.5), { code: 'bad-amount' });
    await stop(run);
  });
});

test('a top-up and a restart of the daemon or of the machine lose no octet that was bought', async () => {
  await inFolder(async (folder) => {
    const kernel = new Kernel();
    const first = await open(folder, kernel, new Fuse());
    await first.till.book(cash('10000'));
    await first.sales.buy(KEY, 'a', 1_000_000);
    assert.equal(kernel.carry(1, 1_400_000), 1_000_000, 'the rest went through the slow lane');
    await first.sales.buy(KEY, 'b', 1_000_000);
    assert.equal(kernel.carry(1, 300_000), 300_000, 'what the slow lane carried is not billed');
    await stop(first);
    const second = await open(folder, kernel, new Fuse());
    assert.equal((await second.sales.meters()).get(KEY)?.remaining, 700_000);
    await stop(second);
    const rebooted = new Kernel();
    const third = await open(folder, rebooted, new Fuse(), true);
    assert.equal((await third.sales.meters()).get(KEY)?.remaining, 700_000);
    assert.equal(rebooted.carry(1, 5_000_000), 700_000);
    await stop(third);
  });
});

test('cash: booked once, limited by the day, refused by a closed till', async () => {
  await inFolder(async (folder) => {
    let now = 0;
    const options = { accounts: join(folder, 'accounts'), slips: join(folder, 'slips'), dailyLimit: 1_000n, now: () => now };
    const till = await Till.open(options);
    const slip = { id: 'one', key: KEY, kind: 'cash-in' as const, amount: '700' };
    await till.book(slip);
    await till.book(slip);
    assert.equal(till.balance(KEY), 700n);
    await assert.rejects(till.book({ ...slip, id: 'two' }), { code: 'daily-limit' });
    now = 25 * 3600 * 1000;
    await till.book({ ...slip, id: 'two' });
    await assert.rejects(till.book({ ...slip, id: 'three', kind: 'cash-out', amount: '1401' }), { code: 'balance' });
    await till.book({ ...slip, id: 'three', kind: 'cash-out', amount: '1400' });
    till.close(true);
    await assert.rejects(till.book({ ...slip, id: 'four', amount: '1' }), { code: 'till-closed' });
    await till.stop();
    const again = await Till.open(options);
    assert.equal(again.balance(KEY), 0n);
    await again.stop();
  });
});
