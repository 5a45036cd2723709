/** What routing remembers beside its table: announcements, requests, and which updates of each neighbour arrived. */
import { Announcements, isNewer, Requests, UpdateSync } from '../../firmware/core/mesh/index.js';
import { check, equal, suite, throws } from './harness.js';

const always = (): boolean => true;

function collect(announcements: Announcements, second: number, room = 8, announces: (slot: number) => boolean = always): string {
  const slots = new Uint16Array(room);
  return Array.from(slots.subarray(0, announcements.collect(second, slots, announces))).join();
}

function repeat(announcements: Announcements, since: number, number: number, room = 8): string {
  const slots = new Uint16Array(room);
  const { count, upTo } = announcements.repeat(since, number, slots);
  return `${Array.from(slots.subarray(0, count)).join()} up to ${upTo}`;
}

suite('sequence numbers', (t) => {
  t.test('newer within half a circle, never newer than itself', () => {
    check(isNewer(1, 0) && isNewer(0, 0xffff) && isNewer(0x7fff, 0), 'ahead');
    check(!isNewer(0, 1) && !isNewer(0x8000, 0) && !isNewer(5, 5), 'behind, opposite, equal');
  });
});

suite('announcements', (t) => {
  t.test('found and lost are urgent, until announced', () => {
    const announcements = new Announcements(8, 60);
    announcements.found(3);
    announcements.found(1);
    equal(collect(announcements, 10), '1,3');
    for (const slot of [1, 3]) announcements.announced(slot, 50, 10, 1);
    equal(announcements.hasUrgent(), false);
    announcements.lost(3);
    equal(collect(announcements, 11), '3');
    announcements.announced(3, 0xffff, 11, 2);
    announcements.lost(3);
    equal(announcements.hasUrgent(), false, 'what was retracted needs no second retraction');
  });

  t.test('small changes wait for the refresh, large ones do not', () => {
    const announcements = new Announcements(8, 60);
    announcements.found(0);
    announcements.announced(0, 100, 0, 1);
    announcements.changed(0, 150);
    announcements.changed(0, 50);
    equal(announcements.hasUrgent(), false);
    announcements.changed(0, 151);
    equal(announcements.hasUrgent(), true);
  });

  t.test('a refresh after 60 s, and what is due within 15 s comes along', () => {
    const announcements = new Announcements(4, 60);
    [0, 1, 2].forEach((slot) => announcements.found(slot));
    announcements.announced(0, 9, 0, 1);
    announcements.announced(1, 9, 14, 1);
    announcements.announced(2, 9, 30, 1);
    const reachable = (slot: number): boolean => slot < 3;
    equal(announcements.isRefreshDue(59, reachable), false);
    equal(announcements.isRefreshDue(60, reachable), true);
    equal(collect(announcements, 60, 8, reachable), '0,1');
  });

  t.test('repeats whole updates, oldest first, as they fit', () => {
    const announcements = new Announcements(8, 60);
    const say = (slot: number, number: number): void => {
      announcements.urge(slot);
      announcements.announced(slot, 9, 0, number);
    };
    [0, 1].forEach((slot) => say(slot, 10));
    [2, 3, 4].forEach((slot) => say(slot, 11));
    say(5, 13);
    equal(repeat(announcements, 9, 14), '0,1,2,3,4,5 up to 14');
    equal(repeat(announcements, 10, 14), '2,3,4,5 up to 14');
    equal(repeat(announcements, 9, 14, 4), '0,1 up to 10', 'three more do not fit');
    equal(repeat(announcements, 10, 14, 4), '2,3,4,5 up to 14');
    equal(repeat(announcements, 13, 14), ' up to 14');
    say(0, 15);
    equal(repeat(announcements, 9, 15, 3), '1 up to 10', 'what was said again since is newer');
  });

  t.test('numbers grow old without looking new', () => {
    const announcements = new Announcements(2, 60);
    announcements.urge(0);
    announcements.announced(0, 9, 0, 1);
    for (let number = 1; number < 0x9000; number += 0x1000) announcements.announced(0, 9, 0, number);
    equal(repeat(announcements, 0x8fff, 0x9000), ' up to 36864');
    equal(repeat(announcements, 0x9000 - 0x7000, 0x9000), '0 up to 36864');
  });

  t.test('each change is told once', () => {
    const announcements = new Announcements(4, 60);
    announcements.found(2);
    equal(announcements.takeUntold(), 2);
    equal(announcements.takeUntold(), -1);
  });

  t.test('no capacity is misuse', () => throws(() => new Announcements(0, 60), 'announcements-capacity'));
});

suite('requests', (t) => {
  const rounds = (requests: Requests, count: number): string => {
    const asked: number[] = [];
    for (let round = 0; round < count; round += 1) {
      requests.round();
      if (requests.takeOwed(new Uint16Array(4)) > 0) asked.push(round);
    }
    return asked.join();
  };

  t.test('after a failed link at once, then after 1, 2, 4 and 8 s; then no more', () => {
    const requests = new Requests(4);
    requests.lost(2, false);
    equal(rounds(requests, 30), '0,1,3,7');
    equal(requests.isAsking(), false);
  });

  t.test('after a retraction patiently: the next hop asks itself', () => {
    const requests = new Requests(4);
    requests.lost(2, true);
    equal(rounds(requests, 30), '3,6');
  });

  t.test('found: nothing to ask any more', () => {
    const requests = new Requests(4);
    requests.lost(2, false);
    requests.found(2);
    equal(rounds(requests, 5), '');
  });

  t.test('asked in vain, it is asked again when a link comes up, not before', () => {
    const requests = new Requests(4);
    requests.lost(2, false);
    rounds(requests, 30);
    requests.askAgain();
    equal(rounds(requests, 2), '0,1');
    const fine = new Requests(4);
    fine.askAgain();
    equal(rounds(fine, 3), '', 'nothing is starved');
  });

  t.test('somebody else’s question ends our patience', () => {
    const requests = new Requests(4);
    requests.lost(2, true);
    requests.askFor(2);
    equal(rounds(requests, 4), '0,1,3');
  });

  t.test('the same sequence number is passed on once in two seconds, a newer one at once', () => {
    const requests = new Requests(4);
    equal(requests.want(1, 5, 7, 100), true);
    equal(requests.want(1, 5, 7, 101), false);
    equal(requests.want(1, 4, 7, 101), false);
    equal(requests.want(1, 6, 7, 101), true);
    equal(requests.want(1, 6, 7, 103), true);
  });

  t.test('a wanted number is satisfied by itself or a newer one, once', () => {
    const requests = new Requests(4);
    requests.want(1, 5, 7, 100);
    equal(requests.satisfies(1, 4), false);
    equal(requests.satisfies(1, 6), true);
    equal(requests.satisfies(1, 6), false);
    equal(requests.satisfies(2, 6), false);
  });

  t.test('passed on together: what goes to the same next hop, with the fewest hops that any has left', () => {
    const requests = new Requests(8);
    for (const slot of [0, 1, 2, 3]) {
      requests.want(slot, slot, slot === 3 ? 9 : 7, 0);
      requests.forward(slot);
    }
    const nextHop = (slot: number): number => (slot === 1 ? 5 : 4);
    const slots = new Uint16Array(8);
    const taken: string[] = [];
    for (let group = requests.takeForward(slots, nextHop); group.count > 0; group = requests.takeForward(slots, nextHop))
      taken.push(`${Array.from(slots.subarray(0, group.count)).join('+')} to ${group.neighbour} with ${group.hops}`);
    equal(taken.join('; '), '0+2+3 to 4 with 7; 1 to 5 with 7');
    equal(requests.wantedSeqno(2), 2);
    equal(requests.isOwing(), false);
  });

  t.test('a new next hop is asked for what is still wanted, the same one is not asked twice', () => {
    const requests = new Requests(4);
    const take = (neighbour: number): number => requests.takeForward(new Uint16Array(4), () => neighbour).count;
    requests.want(1, 5, 7, 100);
    requests.forward(1);
    equal(take(4), 1);
    requests.moved(1, 4, 101);
    equal(take(4), 0);
    requests.moved(1, 6, 101);
    equal(take(6), 1);
    requests.moved(1, 4, 120);
    equal(take(4), 0, 'nobody waits for it any more');
  });
});

suite('update sync', (t) => {
  const make = (): UpdateSync => new UpdateSync(4, (least) => least);
  const ask = (sync: UpdateSync, now: number): string => {
    const question = sync.take(now, always);
    return question === undefined ? '' : `${question.neighbour} after ${question.since}`;
  };

  t.test('met: everything is missing; an answer that covers it makes it complete', () => {
    const sync = make();
    sync.hear(0, 1, 7);
    equal(ask(sync, 99), '', 'a stranger is not asked');
    sync.meet(0, 1);
    equal(ask(sync, 29), '');
    equal(sync.deadline(0, always), 30);
    equal(ask(sync, 30), `1 after ${(7 - 0x7000) & 0xffff}`);
    sync.repeated(40, 1, (7 - 0x7000) & 0xffff, 7);
    equal(sync.deadline(0, always), Number.MAX_SAFE_INTEGER);
  });

  t.test('news in order asks nothing, a gap asks after the last complete one', () => {
    const sync = make();
    sync.hear(0, 1, 0xfffe);
    sync.meet(0, 1);
    sync.repeated(1, 1, (0xfffe - 0x7000) & 0xffff, 0xfffe);
    for (const number of [0xffff, 0, 1]) sync.news(2, 1, number);
    equal(ask(sync, 1000), '');
    sync.news(1000, 1, 3);
    equal(ask(sync, 1030), '1 after 1');
    sync.news(1040, 1, 4);
    sync.repeated(1050, 1, 1, 4);
    equal(ask(sync, 9999), '');
  });

  t.test('a beacon or a refresh that names a later number shows the gap too', () => {
    const sync = complete(make(), 5);
    sync.hear(0, 1, 5);
    equal(ask(sync, 99), '');
    sync.hear(100, 1, 6);
    equal(ask(sync, 130), '1 after 5');
  });

  t.test('an answer to another’s question helps if it reaches back far enough', () => {
    const sync = complete(make(), 5);
    sync.news(0, 1, 9);
    sync.repeated(5, 1, 7, 9);
    equal(ask(sync, 30), '1 after 5', 'it began too late');
    sync.repeated(40, 1, 4, 7);
    equal(ask(sync, 70), '1 after 7', 'it ended too early: ask for the rest');
    sync.repeated(80, 1, 6, 9);
    equal(ask(sync, 99_999), '');
  });

  t.test('unanswered it asks again, each time more patiently', () => {
    const sync = complete(make(), 5);
    sync.hear(0, 1, 6);
    const times: number[] = [];
    for (let now = 0; now < 40_000; now += 10) if (ask(sync, now) !== '') times.push(now);
    equal(times.join(), '30,1530,4530,10530,22530,34530');
  });

  t.test('only whom it may ask; forgotten is forgotten', () => {
    const sync = complete(make(), 5);
    sync.hear(0, 1, 6);
    check(sync.take(99, () => false) === undefined, 'nobody may be asked');
    sync.forget(1);
    equal(ask(sync, 99), '');
  });
});

/** A neighbour 1 whose updates arrived up to a number. */
function complete(sync: UpdateSync, number: number): UpdateSync {
  sync.hear(0, 1, number);
  sync.meet(0, 1);
  sync.repeated(0, 1, (number - 0x7000) & 0xffff, number);
  return sync;
}
