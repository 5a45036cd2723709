/** What an attacker in range may do to a link, and what neighbours do when handshakes cross, get lost, or one of them restarts. */
import { COST_INFINITE, EVERYONE, IK, Rank, SEAL_OCTETS, Sessions, XX } from '../../firmware/core/link/index.js';
import { u32At } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { encodeRouting, EnvelopeClass, envelopeClass, ENVELOPE_OCTETS } from '../../firmware/core/wire/index.js';
import { check, equal, same, suite } from './harness.js';
import { Bench, BROADCAST, macOf, packet, submit } from './link-bench.js';
import { Medium } from './medium.js';
import { ALL_NODES, framed, handshakeOf, idOf, Peer } from './peer.js';

const forged = (bench: Bench): number => bench.counters.read().drops.Forged;
const heards = (bench: Bench): number => bench.takeEffects().filter(({ type }) => type === 'heard').length;
const update = (metric: number): Uint8Array =>
  framed(EnvelopeClass.routing, ALL_NODES, 0, 1, (w) =>
    encodeRouting(w, { kind: 'update', announcements: [{ destination: idOf(77), seqno: 1, metric }] }),
  );

suite('link: forged and replayed frames', (t) => {
  t.test('an update of a neighbour counts once; replayed, changed, or sealed by nobody it changes nothing', () => {
    const bench = new Bench(1);
    bench.befriend(2);
    const said = bench.peer(2).broadcast(update(100));
    bench.hear(2, said, BROADCAST);
    equal(heards(bench), 1, 'the neighbour’s');
    bench.hear(2, said, BROADCAST);
    for (const at of [1, 17, said.length - 1]) {
      const changed = bench.peer(2).broadcast(update(100)).slice();
      changed[at] = changed[at]! ^ 4;
      bench.hear(2, changed, BROADCAST);
    }
    bench.hear(2, update(1), BROADCAST);
    bench.hear(2, new Uint8Array([...update(1), ...new Uint8Array(SEAL_OCTETS)]), BROADCAST);
    equal(heards(bench), 0);
    equal(forged(bench), 6);
  });

  t.test('a beacon of a neighbour that is made up or replayed says nothing of the link', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const cost = bench.link.neighbours.cost(slot);
    const before = bench.peer(2).beacon(2, [[1, 255]]);
    bench.hear(2, before, BROADCAST);
    const spoilt = bench.peer(2).beacon(3, []).slice();
    spoilt[spoilt.length - 1] = spoilt[spoilt.length - 1]! ^ 1;
    bench.hear(2, spoilt, BROADCAST);
    bench.hear(2, new Peer(2, 1, 'air', 5).beacon(9, []), BROADCAST);
    bench.hear(2, before, BROADCAST);
    equal(bench.link.neighbours.cost(slot), cost, 'still usable');
    equal(forged(bench), 3);
    bench.hear(9, bench.peer(2).beacon(4, [[1, 255]]), BROADCAST);
    same(bench.link.neighbours.mac(slot), macOf(9), 'a right seal from another address moves it there');
  });

  t.test('an acknowledgement that nobody sealed leaves the frame waiting; what is for one is not for another', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.befriend(3);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent();
    bench.take();
    bench.hear(2, framed(EnvelopeClass.ack, idOf(1), 7, 1));
    bench.hear(2, bench.peer(3).ack(7, 1));
    bench.runTo(bench.now + 200);
    check(bench.counters.retries > 0, 'it was sent again');
  });

  t.test('frames leave sealed: neither body nor update can be read, and the neighbour alone can', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const secret = packet(7, 1);
    secret.fill(0x55, ENVELOPE_OCTETS);
    bench.feed(submit(slot, secret));
    const [sent] = bench.take();
    equal(sent!.bytes.length, secret.length + SEAL_OCTETS);
    check(!hasRun(sent!.bytes, 0x55, 6), 'the body is not readable');
    check(bench.peer(3).open(sent!.bytes) === undefined, 'not by another');
    same(bench.peer(2).open(sent!.bytes)!, secret);
    bench.sent();
    bench.feed(submit(EVERYONE, update(9), Rank.Control));
    const broadcast = bench.take().find(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.routing);
    same(bench.peer(2).open(broadcast!.bytes, true)!, update(9));
  });

  t.test('a beacon or a handshake from the address of a neighbour that is there takes nothing from it', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const thief = new Peer(5, 1);
    bench.hear(2, thief.beacon(1, []), BROADCAST);
    bench.hear(2, thief.call(XX));
    bench.hear(2, thief.finish(bench.takeHandshake()));
    check(bench.link.neighbours.isPinned(slot), 'the neighbour stays');
    equal(bench.link.neighbours.find('air', idOf(5)), -1);
    check(bench.counters.read().drops.Impostor >= 2, 'counted');
  });

  t.test('made-up stations fill the table, and a proven newcomer gets in all the same', () => {
    const bench = new Bench(1);
    for (let number = 20; number < 30; number += 1) bench.hear(number, new Peer(number, 1).beacon(1, []), BROADCAST);
    equal(bench.link.neighbours.used, 4);
    check(bench.befriend(2) >= 0, 'it is there');
  });

  t.test('a flood of calls costs a bounded number of answers', () => {
    const bench = new Bench(1);
    bench.feed({ type: 'tick' });
    let answers = 0;
    for (let call = 0; call < 400; call += 1) {
      bench.hear(100 + (call % 90), new Peer(3, 1, 'air', call).call(XX));
      bench.sent();
      answers += bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.handshake).length;
      bench.feed({ type: 'tick' }, bench.now + 5);
    }
    // 16 at once and 8 a second for 2 s, each repeated at most four times.
    check(answers > 0 && answers <= 4 * 33, `${answers} answers in 2 s`);
    check(bench.counters.read().drops.HandshakesBusy > 100, 'the rest is refused');
  });
});

suite('link: handshakes', (t) => {
  t.test('a replayed call ends no session, with or without its last message', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const other = new Peer(2, 1, 'air', 1);
    const call = other.call(IK);
    bench.hear(2, call);
    const last = other.finish(bench.takeHandshake());
    bench.hear(2, last);
    bench.hear(2, other.broadcast(update(5)), BROADCAST);
    equal(heards(bench), 1, 'the new session');
    bench.runTo(bench.now + 6000);
    bench.take();
    bench.hear(2, call);
    bench.takeHandshake();
    bench.hear(2, last);
    bench.hear(2, other.seal(packet(3, 3)));
    equal(heards(bench), 1, 'the session is as it was');
    check(bench.link.neighbours.isPinned(slot), 'and so is the neighbour');
  });

  t.test('lost messages are sent again: any one of the three', () => {
    for (let lost = 0; lost < 3; lost += 1) {
      const medium = new Medium(20 + lost);
      medium.add();
      medium.add();
      medium.join(0, 1);
      let dropped = 0;
      medium.tap = (_, __, bytes) => {
        if (envelopeClass(bytes, 0) !== EnvelopeClass.handshake || handshakeOf(bytes).step !== lost || dropped === 2) return true;
        dropped += 1;
        return false;
      };
      medium.run(4000);
      equal(dropped, 2, `message ${lost}`);
      equal(medium.follow(0, 1), 1);
      equal(medium.follow(1, 0), 1);
    }
  });

  t.test('two that call each other at once end with one session', () => {
    const bench = new Bench(1);
    const peer = bench.peer(2);
    bench.runTo(1000);
    bench.take();
    bench.hear(2, peer.beacon(1, []), BROADCAST);
    const ours = bench.takeHandshake();
    const theirs = new Peer(2, 1, 'air', 3);
    bench.hear(2, theirs.call(XX));
    const next = bench.takeHandshake();
    // The smaller id stays initiator: it says its call again, and the other answers.
    const isOurs = u32At(idOf(1), 0) < u32At(idOf(2), 0);
    equal(handshakeOf(next).step, isOurs ? 0 : 1);
    if (isOurs) {
      same(next, ours);
      bench.hear(2, peer.answer(ours));
      peer.read(bench.takeHandshake());
    } else bench.hear(2, theirs.finish(next));
    bench.hear(2, (isOurs ? peer : theirs).broadcast(update(5)), BROADCAST);
    equal(heards(bench), 1, 'the session holds');
  });

  t.test('a neighbour that restarted is met again within seconds, and its routes are void', () => {
    const medium = new Medium(31);
    for (let i = 0; i < 3; i += 1) medium.add();
    medium.join(0, 1);
    medium.join(1, 2);
    medium.run(30_000);
    medium.restart(1);
    medium.run(4000);
    equal(medium.follow(0, 2), 2);
    medium.input(0, { type: 'ping', token: 1, to: medium.address(2) });
    medium.run(1000);
    equal(medium.stations[0]!.of('pong').length, 1);
  });

  t.test('wrong seals make it call again, but not within ten seconds of a handshake, and a right one ends the suspicion', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const calls = (): number => bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.handshake).length;
    const stranger = new Peer(2, 1, 'air', 9);
    bench.hear(2, stranger.beacon(9, []), BROADCAST);
    bench.runTo(bench.now + 5000);
    equal(calls(), 0, 'too early');
    bench.hear(2, bench.peer(2).beacon(2, [[1, 255]]), BROADCAST);
    bench.runTo(bench.now + 10_000);
    equal(calls(), 0, 'a right seal came');
    bench.hear(2, stranger.beacon(10, []), BROADCAST);
    bench.runTo(bench.now + 200);
    check(calls() > 0, 'now it asks');
    check(
      bench.link.neighbours.isPinned(slot) && bench.link.neighbours.cost(slot) !== COST_INFINITE,
      'and goes on using the link meanwhile',
    );
  });
});

suite('sessions', (t) => {
  const kernels = createKernels();
  const octets = (value: number): Uint8Array => new Uint8Array(32).fill(value);

  const pair = (counter = 0): [Sessions, Sessions] => {
    const both: [Sessions, Sessions] = [new Sessions(kernels, 2, 100), new Sessions(kernels, 2, 100)];
    const group = { key: octets(9), counter };
    both[0].setGroup(octets(9));
    both[0].install(1, { send: octets(1), receive: octets(2) }, group, 7, 0);
    both[1].install(1, { send: octets(2), receive: octets(1) }, group, 7, 0);
    return both;
  };

  t.test('late frames are taken once, within a window of 32', () => {
    const [from, to] = pair();
    const frames = Array.from({ length: 40 }, (_, i) => from.seal(1, 0, packet(1, i), false));
    check(to.open(1, 0, frames[39]!, false, false) !== undefined, 'the newest first');
    for (let i = 0; i < 40; i += 1) {
      const isTaken = to.open(1, 0, frames[i]!, false, false) !== undefined;
      equal(isTaken, i >= 8 && i < 39, `frame ${i}`);
    }
    for (const frame of frames) check(to.open(1, 0, frame, false, false) === undefined, 'never twice');
  });

  t.test('broadcast and unicast have windows of their own, and a frame of another kind of link is refused', () => {
    const [from, to] = pair();
    for (let i = 0; i < 50; i += 1) from.seal(EVERYONE, 0, packet(1, i), false);
    check(to.open(1, 0, from.seal(EVERYONE, 0, packet(1, 50), false), true, false) !== undefined, 'broadcast number 50');
    const unicast = from.seal(1, 0, packet(1, 1), false);
    check(to.open(1, 1, unicast, false, false) === undefined, 'over another link');
    check(to.open(1, 0, unicast, true, false) === undefined, 'as a broadcast');
    same(to.open(1, 0, unicast, false, false)!, packet(1, 1));
  });
});

function hasRun(bytes: Uint8Array, value: number, length: number): boolean {
  let run = 0;
  for (const octet of bytes) {
    run = octet === value ? run + 1 : 0;
    if (run === length) return true;
  }
  return false;
}
