/** The survey in virtual time: whom it asks when, and what the graph says of whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../firmware/core/base/index.js';
import type { Report, Role } from '../../firmware/core/wire/index.js';
import { Survey, type SurveyInput } from '../../hosts/box/survey/index.js';

const BOX = 'b0b0b0b0b0b0b0b0';
const idOf = (n: number): string => n.toString(16).padStart(16, '0');
const octets = (id: string): Uint8Array => new Uint8Array(Buffer.from(id, 'hex'));

class Run {
  readonly survey = new Survey(BOX);
  readonly asked: { readonly at: number; readonly to: string }[] = [];
  changes = 0;
  now = 0;

  feed(input: SurveyInput): void {
    this.survey.handle(millis(this.now), input);
    for (let effect = this.survey.poll(); effect; effect = this.survey.poll()) {
      if (effect.type === 'ask') this.asked.push({ at: this.now, to: Buffer.from(effect.to).toString('hex') });
      else this.changes += 1;
    }
  }

  /** Goes from deadline to deadline; `answer` is called for each question. */
  until(end: number, answer: (to: string) => void = () => undefined): void {
    for (let answered = this.asked.length; ;) {
      for (; answered < this.asked.length; answered += 1) answer(this.asked[answered]!.to);
      const next = this.survey.deadline();
      if (next > end) break;
      this.now = Math.max(next, this.now);
      const before = this.survey.deadline();
      this.feed({ type: 'tick' });
      assert.ok(this.survey.deadline() > this.now, `at ${this.now} the deadline ${before} did not move on`);
    }
    this.now = end;
  }

  route(n: number, nextHop: number | undefined, metric = 10): void {
    this.feed({ type: 'route', id: octets(idOf(n)), nextHop: nextHop === undefined ? undefined : octets(idOf(nextHop)), metric });
  }

  report(n: number, neighbours: readonly (readonly [n: number, role: Role])[] = []): void {
    const counters = { forwarded: 1, delivered: 2, sentOctets: 3, dropped: 4, retries: 5 };
    const report: Report = {
      kind: 'report',
      uptime: 9,
      counters,
      neighbours: neighbours.map(([id, role]) => ({ id: octets(idOf(id)), role, metric: 7, rssi: 60 })),
    };
    this.feed({ type: 'report', from: octets(idOf(n)), report });
  }

  state(n: number): string | undefined {
    return this.survey.island().nodes.find(({ id }) => id === idOf(n))?.state;
  }
}

test('each node is asked once in 30 s, one at a time, a new one at once', () => {
  const run = new Run();
  for (let n = 1; n <= 5; n += 1) run.route(n, 1);
  run.until(95_000, (to) => run.report(Number.parseInt(to, 16)));
  for (let n = 1; n <= 5; n += 1) {
    const times = run.asked.filter(({ to }) => to === idOf(n)).map(({ at }) => at);
    assert.equal(times.length, 4, `node ${n}`);
    for (let i = 1; i < times.length; i += 1) assert.ok(times[i]! - times[i - 1]! >= 30_000);
  }
  for (let i = 1; i < run.asked.length; i += 1) assert.ok(run.asked[i]!.at - run.asked[i - 1]!.at >= 1_000, 'spread');
  run.route(6, 1);
  assert.equal(run.asked.at(-1)!.to, idOf(6));
});

test('an island of 200 is asked in turn, never more than one question a second', () => {
  const run = new Run();
  for (let n = 1; n <= 200; n += 1) run.route(n, 1);
  run.until(400_000, (to) => run.report(Number.parseInt(to, 16)));
  assert.ok(run.asked.length >= 395 && run.asked.length <= 401, `${run.asked.length}`);
  const counts = new Map<string, number>();
  for (const { to } of run.asked) counts.set(to, (counts.get(to) ?? 0) + 1);
  assert.equal(counts.size, 200);
  for (const count of counts.values()) assert.ok(count >= 1 && count <= 3);
});

test('up, silent after three periods without a report, unreachable without a route, forgotten after an hour', () => {
  const run = new Run();
  run.route(1, 1);
  assert.equal(run.state(1), 'up');
  run.until(89_999);
  assert.equal(run.state(1), 'up');
  run.until(90_000);
  assert.equal(run.state(1), 'silent');
  run.report(1);
  assert.equal(run.state(1), 'up');
  run.route(1, undefined);
  assert.equal(run.state(1), 'unreachable');
  run.until(90_000 + 3_599_999);
  assert.equal(run.state(1), 'unreachable');
  run.until(90_000 + 3_600_000);
  assert.equal(run.state(1), undefined);
});

test('links as each end sees them; those of and to the unreachable are gone at once', () => {
  const run = new Run();
  run.feed({ type: 'neighbour', id: octets(idOf(1)), up: true, metric: 3, rssi: 0, role: 'board' });
  run.route(1, 1);
  run.route(2, 1);
  run.report(1, [
    [2, 'board'],
    [7, 'leaf'],
  ]);
  run.report(2, [[1, 'board']]);
  const links = (): string[] =>
    run.survey
      .island()
      .links.map(({ from, to }) => `${from === BOX ? 'box' : Number.parseInt(from, 16)}-${Number.parseInt(to, 16)}`)
      .sort();
  assert.deepEqual(links(), ['1-2', '1-7', '2-1', 'box-1']);
  assert.deepEqual(
    run.survey
      .island()
      .nodes.map(({ role, state }) => `${role} ${state}`)
      .sort(),
    ['board up', 'board up', 'box up', 'leaf up'],
  );
  assert.equal(run.survey.island().links.find(({ from }) => from === idOf(1))!.rssi, -60);
  run.route(2, undefined);
  assert.deepEqual(links(), ['1-7', 'box-1']);
  run.feed({ type: 'neighbour', id: octets(idOf(1)), up: false, metric: 0xffff, rssi: 0, role: 'board' });
  assert.deepEqual(links(), ['1-7']);
  run.until(90_000);
  assert.equal(run.state(7), 'unreachable', 'a leaf that nobody names any more');
});

test("the box never lists or asks itself, and a stranger's report is taken with the cap", () => {
  const run = new Run();
  run.feed({ type: 'route', id: octets(BOX), nextHop: octets(BOX), metric: 0 });
  assert.equal(run.survey.island().nodes.length, 1);
  for (let n = 1; n <= 3_000; n += 1) run.report(n);
  assert.equal(run.survey.island().nodes.length, 1 + 1_024);
  assert.equal(run.asked.length, 0);
});
