/** The outbox: order, shares, one frame at a time to a neighbour; and the clocks beside it. */
import { millis, Prng } from '../../firmware/core/base/index.js';
import { AckClock, AirtimeBudget, BeaconClock, EVERYONE, Outbox, Rank } from '../../firmware/core/link/index.js';
import { ENVELOPE_OCTETS, writeEnvelope } from '../../firmware/core/wire/index.js';
import { check, equal, suite, throws } from './harness.js';

function frame(flow: number, counter: number, length = ENVELOPE_OCTETS): Uint8Array {
  const bytes = new Uint8Array(length);
  writeEnvelope(bytes, 0, { class: 11, hopLimit: 1, flags: 0, destination: new Uint8Array(8), flow, counter });
  return bytes;
}

const any = (): boolean => true;

suite('outbox', (t) => {
  t.test('the urgent first, within a rank the oldest', () => {
    const outbox = new Outbox(8, 32);
    outbox.add(0, 'air', 1, Rank.Free, frame(1, 1), 0);
    outbox.add(0, 'air', 2, Rank.Paid, frame(1, 2), 0);
    outbox.add(0, 'air', 3, Rank.Paid, frame(1, 3), 0);
    outbox.add(0, 'air', 4, Rank.Sos, frame(1, 4), 0);
    const order: number[] = [];
    for (let entry = outbox.next(0, 'air', any); entry >= 0; entry = outbox.next(0, 'air', any)) {
      order.push(outbox.neighbour(entry));
      outbox.release(entry);
    }
    equal(order.join(), '4,2,3,1');
  });

  t.test('a rank without budget is passed over, another kind of link is not looked at', () => {
    const outbox = new Outbox(8, 32);
    outbox.add(0, 'air', 1, Rank.Paid, frame(1, 1), 0);
    outbox.add(0, 'air', 2, Rank.Free, frame(1, 2), 0);
    equal(outbox.neighbour(outbox.next(0, 'air', (rank) => rank !== Rank.Paid)), 2);
    equal(outbox.next(0, 'serial', any), -1);
  });

  t.test('one frame at a time to a neighbour, others go on', () => {
    const outbox = new Outbox(8, 32);
    outbox.add(0, 'air', 1, Rank.Free, frame(1, 1), 0);
    outbox.add(0, 'air', 1, Rank.Free, frame(1, 2), 0);
    outbox.add(0, 'air', 2, Rank.Free, frame(1, 3), 0);
    const first = outbox.next(0, 'air', any);
    outbox.fly(first, 0);
    const second = outbox.next(0, 'air', any);
    equal(outbox.neighbour(second), 2);
    outbox.fly(second, 0);
    equal(outbox.next(0, 'air', any), -1);
    outbox.listen(first, 50);
    equal(outbox.next(0, 'air', any), -1, 'listening keeps the neighbour busy');
    outbox.release(first);
    equal(outbox.neighbour(outbox.next(0, 'air', any)), 1);
  });

  t.test('each rank has its share, the most urgent the whole', () => {
    const outbox = new Outbox(16, 32);
    const fill = (rank: Rank): number => {
      let added = 0;
      while (outbox.add(0, 'air', 1, rank, frame(1, added), 0)) added += 1;
      return added;
    };
    equal(fill(Rank.Free), 8);
    equal(fill(Rank.Paid), 4);
    equal(fill(Rank.Control), 2);
    equal(fill(Rank.Sos), 2);
    equal(outbox.size, 16);
  });

  t.test('awaiting finds what was sent to that neighbour, by flow and counter', () => {
    const outbox = new Outbox(4, 32);
    outbox.add(0, 'air', 1, Rank.Free, frame(0xdeadbeef, 7), 0);
    equal(outbox.awaiting(1, 0xdeadbeef, 7), -1, 'not sent yet');
    const entry = outbox.next(0, 'air', any);
    outbox.fly(entry, 0);
    outbox.listen(entry, 40);
    equal(outbox.awaiting(1, 0xdeadbeef, 7), entry);
    equal(outbox.awaiting(2, 0xdeadbeef, 7), -1);
    equal(outbox.awaiting(1, 0xdeadbeef, 8), -1);
    equal(outbox.overdue(39), -1);
    equal(outbox.overdue(40), entry);
    outbox.retry(entry, 60);
    equal(outbox.awaiting(1, 0xdeadbeef, 7), entry, 'a late acknowledgement spares the retry');
    equal(outbox.next(59, 'air', any), -1);
    equal(outbox.next(60, 'air', any), entry);
  });

  t.test('when a neighbour goes everything for it is returned, and nothing else', () => {
    const outbox = new Outbox(8, 32);
    outbox.add(0, 'air', 1, Rank.Free, frame(1, 1), 0);
    outbox.add(0, 'air', 1, Rank.Free, frame(1, 2), 1);
    outbox.add(0, 'air', 2, Rank.Free, frame(1, 3), 0);
    outbox.add(0, 'air', EVERYONE, Rank.Control, frame(1, 4), 0);
    outbox.fly(
      outbox.next(0, 'air', (rank) => rank === Rank.Free),
      0,
    );
    outbox.giveBackAll(1);
    const back: number[] = [];
    for (let entry = outbox.returned(); entry >= 0; entry = outbox.returned()) {
      back.push(outbox.reroutes(entry));
      outbox.release(entry);
    }
    equal(back.join(), '0,1');
    equal(outbox.size, 2);
    outbox.releaseBroadcasts('air');
    equal(outbox.size, 1);
  });

  t.test('a frame that does not fit is misuse', () =>
    throws(() => new Outbox(4, 32).add(0, 'air', 1, Rank.Free, frame(1, 1, 33), 0), 'frame-length'),
  );
});

suite('acknowledgement clock', (t) => {
  t.test('starts patient, follows the samples, stays within its bounds', () => {
    const clock = new AckClock();
    equal(clock.timeout(), 40);
    for (let i = 0; i < 40; i += 1) clock.sample(10);
    check(clock.timeout() >= 12 && clock.timeout() <= 20, `${clock.timeout()} after steady samples of 10`);
    for (let i = 0; i < 40; i += 1) clock.sample(0);
    equal(clock.timeout(), 12);
    for (let i = 0; i < 40; i += 1) clock.sample(4000);
    equal(clock.timeout(), 250);
  });
});

suite('airtime budget', (t) => {
  t.test('sos may use a fifth of the time, not more', () => {
    const budget = new AirtimeBudget();
    let used = 0;
    for (let now = 0; now < 20_000; now += 1) {
      if (budget.wait(Rank.Sos, millis(now)) > 0) continue;
      budget.spend(Rank.Sos, 2500);
      used += 2500;
    }
    // The bucket that was full at first holds what 2 s refill.
    check(used >= 4_000_000 && used <= 4_400_000 + 2500, `${used} us of 20 s`);
    equal(budget.wait(Rank.Paid, millis(20_000)), 0, 'one rank spends nothing of another');
  });
});

suite('beacon clock', (t) => {
  const intervals = (clock: BeaconClock, count: number, rest: number, hurry = false): number[] => {
    const all: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const now = clock.due;
      clock.sent(now, rest, hurry);
      all.push(clock.due - now);
    }
    return all;
  };
  const prng = (): Prng => new Prng(new Uint8Array(16).fill(3));

  t.test('four quick ones, then each interval twice the last up to rest, all with jitter', () => {
    const clock = new BeaconClock(prng());
    clock.start(millis(0));
    check(clock.due < 500, 'the first within a quick interval');
    const expected = [500, 500, 500, 500, 1000, 2000, 4000, 8000, 10_000, 10_000];
    intervals(clock, 10, 10_000).forEach((interval, i) => {
      const middle = expected[i]!;
      check(interval >= (middle * 3) / 4 && interval <= (middle * 5) / 4, `interval ${i} is ${interval}, not about ${middle}`);
    });
  });

  t.test('a change hastens it, once: who is hasty already is not hastened again', () => {
    const clock = new BeaconClock(prng());
    clock.start(millis(0));
    intervals(clock, 10, 10_000);
    clock.hasten(clock.due);
    equal(clock.interval, 500);
    const [first, second, third] = intervals(clock, 3, 10_000);
    check(first! < 700 && second! < 700 && third! < 1300, `${first}, ${second}, ${third} after a change`);
  });

  t.test('while somebody waits to be listed it does not slow down', () => {
    const clock = new BeaconClock(prng());
    clock.start(millis(0));
    for (const interval of intervals(clock, 12, 10_000, true)) check(interval <= 625, `${interval} ms`);
  });
});
