/** The link machine: discovery step by step, acknowledgements explicit and implicit, tries, what comes back, what is refused. */
import { COST_INFINITE, EVERYONE, Rank, type LinkInput } from '../../firmware/core/link/index.js';
import {
  ENVELOPE_OCTETS,
  EnvelopeClass,
  envelopeClass,
  envelopeCounter,
  EnvelopeFlag,
  envelopeFlags,
  envelopeFlow,
} from '../../firmware/core/wire/index.js';
import { check, equal, same, suite, throws } from './harness.js';
import { Bench, BROADCAST, classes, macOf, packet, submit } from './link-bench.js';
import { idOf } from './peer.js';

suite('link: discovery', (t) => {
  t.test('beacons from the start, and a deadline for each', () => {
    const bench = new Bench(1);
    equal<number>(bench.link.deadline(), 0, 'a tick at once, to learn the time');
    bench.feed({ type: 'tick' });
    equal(classes(bench.take()), '');
    bench.runTo(3000);
    const frames = bench.take();
    check(frames.length >= 4 && frames.length <= 7, `${frames.length} beacons in 3 s`);
    for (const { to, bytes } of frames) {
      same(to, BROADCAST);
      equal(envelopeClass(bytes, 0), EnvelopeClass.beacon);
    }
  });

  t.test('heard -> called -> pinned -> listed by it -> usable', () => {
    const bench = new Bench(1);
    const peer = bench.peer(2);
    bench.runTo(2000);
    bench.take();
    bench.hear(2, peer.beacon(1, [[1, 255]]), BROADCAST);
    const slot = bench.link.neighbours.find('air', idOf(2));
    check(slot >= 0 && !bench.link.neighbours.isPinned(slot), 'heard');
    bench.hear(2, peer.answer(bench.takeHandshake()));
    check(bench.link.neighbours.isPinned(slot), 'pinned');
    peer.read(bench.takeHandshake());
    equal(bench.takeEffects().length, 0, 'not usable yet: nobody proved that it hears us');
    bench.hear(2, peer.beacon(2, [[1, 255]]), BROADCAST);
    const [heard, usable] = bench.takeEffects();
    equal(heard?.type, 'heard');
    check(
      usable?.type === 'neighbour' && usable.neighbour === slot && usable.cost === 21 && !usable.restarted,
      'usable at the lossless cost',
    );
  });

  t.test('a station that does not answer is called again and again, ever more rarely', () => {
    const bench = new Bench(1);
    bench.runTo(100);
    bench.hear(2, bench.peer(2).beacon(1, []), BROADCAST);
    bench.runTo(10_000);
    const early = bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.handshake).length;
    check(early >= 8 && early <= 24, `${early} messages in 10 s`);
    for (let now = 10_000; now < 70_000; now += 10_000) {
      bench.hear(2, bench.peer(2).beacon(now / 10_000 + 1, []), BROADCAST);
      bench.runTo(now + 10_000);
    }
    const late = bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.handshake).length;
    check(late < early * 2, `${late} messages in the minute after`);
  });

  t.test('silence takes a neighbour away, and says so', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.runTo(bench.now + 30_000);
    check(
      bench.takeEffects().every((effect) => effect.type === 'neighbour' && effect.cost >= 21),
      'dearer at first',
    );
    check(bench.link.neighbours.isKnown(slot), 'three beacons missing');
    bench.runTo(bench.now + 25_000);
    const gone = bench.takeEffects().at(-1);
    check(gone?.type === 'neighbour' && gone.cost === COST_INFINITE, 'gone');
    check(!bench.link.neighbours.isKnown(slot), 'the slot is free');
  });

  t.test('a serial link that goes down takes its neighbour along at once', () => {
    const bench = new Bench(1, ['serial']);
    bench.feed({ type: 'link', link: 'serial', up: true });
    const slot = bench.befriend(2, 'serial');
    check(bench.link.neighbours.cost(slot) !== COST_INFINITE, 'usable');
    bench.feed({ type: 'link', link: 'serial', up: false });
    const told = bench.takeEffects().at(-1);
    check(told?.type === 'neighbour' && told.cost === COST_INFINITE, 'told');
    equal(bench.link.neighbours.used, 0);
  });
});

suite('link: acknowledgement', (t) => {
  t.test('a frame flies, is acknowledged by an ack frame, and the next one follows', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.feed(submit(slot, packet(7, 1)));
    bench.feed(submit(slot, packet(7, 2)));
    const [first] = bench.take();
    same(first!.to, macOf(2));
    bench.sent();
    equal(bench.take().length, 0, 'it waits for the acknowledgement');
    bench.hear(2, bench.peer(2).ack(7, 1));
    equal(bench.take().length, 0, 'the neighbour has still to send it on');
    bench.hear(2, packet(7, 1, 8), macOf(9));
    equal(bench.take().length, 0, 'and is answered by whom we may not hear');
    bench.runTo(bench.now + 10);
    equal(bench.take().length, 1, 'the second');
    bench.sent();
    bench.hear(2, bench.peer(2).ack(7, 2));
    bench.runTo(bench.now + 500);
    equal(bench.counters.retries, 0);
    equal(bench.takeEffects().filter((effect) => effect.type === 'undelivered').length, 0);
  });

  t.test(
    'a neighbour that acknowledged by name and is not heard sending it on gets the next frame after 30 ms; a destination at once',
    () => {
      const bench = new Bench(1);
      const slot = bench.befriend(2);
      const own = packet(7, 2);
      own.set(idOf(2), 2);
      for (const frame of [packet(7, 1), own, packet(7, 3)]) bench.feed(submit(slot, frame));
      bench.sent();
      bench.hear(2, bench.peer(2).ack(7, 1));
      const started = bench.now;
      const data = (): number => bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.free).length;
      data();
      bench.feed({ type: 'tick' }, started + 29);
      equal(data(), 0);
      // A beacon may have been due.
      bench.sent();
      bench.feed({ type: 'tick' }, started + 30);
      equal(data(), 1, 'the one that is for the neighbour itself');
      bench.sent();
      bench.hear(2, bench.peer(2).ack(7, 2));
      equal(data(), 1, 'the third follows at once');
    },
  );

  t.test('overhearing the next hop send it on is an acknowledgement; another station doing so is none', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.befriend(3);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent();
    bench.hear(3, packet(7, 1, 8), macOf(9));
    bench.hear(2, packet(7, 1, 8), macOf(9));
    bench.take();
    bench.runTo(bench.now + 300);
    equal(bench.counters.retries, 0);
    equal(bench.takeEffects().filter((effect) => effect.type === 'heard').length, 0, 'what is for others is not handed up');
  });

  t.test('three tries with growing waits, the retries flagged; then it comes back', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.feed(submit(slot, packet(7, 1)));
    const started = bench.now;
    bench.sent();
    bench.runTo(started + 400);
    const data = bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.free);
    equal(data.map(({ bytes }) => envelopeFlags(bytes, 0) & EnvelopeFlag.retry).join(), '0,1,1');
    const back = bench.takeEffects().find((effect) => effect.type === 'undelivered');
    check(back?.type === 'undelivered' && back.neighbour === slot, 'it comes back');
    same(back.frame.subarray(2), packet(7, 1).subarray(2));
    equal(bench.counters.retries, 2);
  });

  t.test('failures lower the quality at once: three in silence end the link, a busy neighbour loses little', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const fail = (counter: number, heard: boolean): number => {
      bench.feed(submit(slot, packet(7, counter)));
      bench.sent();
      bench.runTo(bench.now + 20);
      if (heard) bench.hear(2, packet(1, counter), macOf(9));
      bench.runTo(bench.now + 400);
      return bench.link.neighbours.cost(slot);
    };
    for (let number = 2; number < 20; number += 1) bench.hear(2, bench.peer(2).beacon(number, [[1, 255]]), BROADCAST);
    equal(bench.link.neighbours.cost(slot), 21);
    fail(1, true);
    equal(bench.link.neighbours.cost(slot), 21, 'heard meanwhile');
    check(fail(2, false) > 30, 'once in silence');
    fail(3, false);
    equal(fail(4, false), COST_INFINITE, 'three times');
  });

  t.test('a poor link gets five tries', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.hear(2, bench.peer(2).beacon(2, [[1, 100]]), BROADCAST);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent();
    bench.runTo(bench.now + 2000);
    equal(bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.free).length, 5);
  });

  t.test('what we accept is acknowledged: at once by name, or by sending it on', () => {
    const bench = new Bench(1);
    const [from, to] = [bench.befriend(2), bench.befriend(3)];
    bench.feed({ type: 'acknowledge', neighbour: from, flow: 7, counter: 1 });
    const [named] = bench.take();
    const opened = bench.peer(2).open(named!.bytes);
    check(
      opened !== undefined && opened.length === ENVELOPE_OCTETS && envelopeCounter(opened, 0) === 1 && envelopeFlow(opened, 0) === 7,
      'sealed for it',
    );
    same(named!.to, macOf(2));
    bench.sent();
    bench.feed({ ...(submit(to, packet(7, 2)) as Extract<LinkInput, { type: 'submit' }>), from });
    equal(classes(bench.take()), `${EnvelopeClass.free}`, 'sent on at once: no ack frame');
    bench.feed({ ...(submit(to, packet(7, 3)) as Extract<LinkInput, { type: 'submit' }>), from });
    bench.sent();
    equal(classes(bench.take()), `${EnvelopeClass.ack}`, 'not at once: an ack frame');
  });

  t.test('a line that delivers what it takes needs no ack frames', () => {
    const bench = new Bench(1, ['serial']);
    bench.feed({ type: 'link', link: 'serial', up: true });
    const slot = bench.befriend(2, 'serial');
    bench.feed({ ...(submit(slot, packet(7, 1)) as Extract<LinkInput, { type: 'submit' }>), link: 'serial' });
    equal(bench.take().length, 1);
    bench.sent(true, 'serial');
    bench.feed({ type: 'acknowledge', neighbour: slot, flow: 1, counter: 1 });
    bench.runTo(bench.now + 200);
    equal(classes(bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) !== EnvelopeClass.beacon)), '');
    equal(bench.takeEffects().filter((effect) => effect.type === 'undelivered').length, 0);
  });

  t.test('a driver that gives up counts as a try', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent(false);
    bench.feed({ type: 'tick' }, bench.link.deadline());
    equal(bench.counters.retries, 1);
  });

  t.test('broadcasts leave the queue when sent', () => {
    const bench = new Bench(1, ['air'], 2);
    bench.befriend(2);
    for (let i = 0; i < 5; i += 1) {
      bench.feed(submit(EVERYONE, packet(7, i), Rank.Control));
      bench.sent();
    }
    equal(bench.take().length, 5);
    equal(bench.counters.read().drops.QueueFull, 0);
  });
});

suite('link: bounds', (t) => {
  t.test('a full queue refuses and counts', () => {
    const bench = new Bench(1, ['air'], 4);
    const slot = bench.befriend(2);
    for (let i = 0; i < 6; i += 1) bench.feed(submit(slot, packet(7, i)));
    equal(bench.counters.read().drops.QueueFull, 4);
    check(bench.link.hasRoom(Rank.Sos) && !bench.link.hasRoom(Rank.Free), 'the urgent still fit');
  });

  t.test('strangers’ packets and rubbish are dropped and counted', () => {
    const bench = new Bench(1);
    bench.feed({ type: 'tick' });
    bench.hear(5, packet(1, 1));
    equal(bench.counters.read().drops.Stranger, 1);
    bench.hear(5, new Uint8Array(3));
    bench.hear(5, new Uint8Array(40));
    bench.hear(5, bench.peer(5).beacon(1, []).subarray(0, 30), BROADCAST);
    equal(bench.counters.read().drops.Malformed, 3);
    equal(bench.takeEffects().length, 0);
  });

  t.test('misuse throws', () => {
    throws(() => new Bench(1, []), 'link-none');
    throws(() => new Bench(1).feed({ type: 'sent', link: 'ble', ok: true }), 'link-kind');
  });
});
