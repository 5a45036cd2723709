import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BOX, inside, missing, Village, WEB, type Phone } from './village.js';

const reason = missing();
const left = reason === undefined ? { timeout: 90_000 } : { skip: `left out: ${reason}` };
const SLOW = 16_000;

let village: Village;
let phone: Phone;

before(async () => {
  if (reason !== undefined) return;
  village = await Village.build({ pricePerMegabyte: '1000', slowRate: SLOW });
  await village.start();
  phone = await village.phone();
});
after(async () => village?.raze());

test('a phone without a purchase reaches the box and nothing beyond', left, async () => {
  assert.equal((await phone.fetch(`http://${BOX}/api/status`)).status, 200, 'the box');
  const web = await phone.fetch(`http://${WEB}/bytes/10`);
  assert.equal(web.status, 302);
  assert.equal(web.location, `http://${BOX}:8481/portal`);
  const page = await phone.fetch(web.location);
  assert.match(page.body, /Welcome to MeshBox/);
  assert.ok(page.octets <= 14 * 1024, `${page.octets} octets`);
  assert.equal((await phone.fetch(`https://${WEB}/`, { seconds: 3 })).status, 0, 'HTTPS');
  assert.equal((await phone.fetch(`http://[fd51::1]/bytes/10`, { seconds: 2 })).status, 0, 'IPv6');
  await assert.rejects(inside(phone.space, 'ping', ['-c', '1', '-W', '1', WEB]), 'ICMP');
  assert.equal((await phone.fetch(`http://example.test/`)).location, `http://${BOX}:8481/portal`, 'any name is the box');
  const before = await village.wan();
  await phone.fetch(`http://${'a'.repeat(60)}.tunnel.example/`);
  assert.equal(await village.wan(), before, 'a name that only a tunnel knows is not asked beyond the box');
});

test('a phone that stays on the island is told that the network is good', left, async () => {
  const other = await village.phone();
  assert.equal((await other.fetch('http://connectivitycheck.gstatic.com/generate_204')).status, 302);
  assert.equal((await other.fetch(`http://${BOX}:8481/portal/stay`, { method: 'POST' })).status, 303);
  assert.equal((await other.fetch('http://connectivitycheck.gstatic.com/generate_204')).status, 204);
  assert.equal((await phone.fetch('http://connectivitycheck.gstatic.com/generate_204')).status, 302, 'only that phone');
});

test('what was bought is carried to the octet, then the slow lane, then a top-up in the middle of a download', left, async () => {
  assert.equal((await phone.meter()).error?.code, 'not-bound');
  assert.equal((await phone.bind()).remaining, 0);
  assert.equal((await phone.buy(1_000_000)).error?.code, 'balance', 'nothing on account yet');
  await phone.payIn(5_000);
  const sale = await phone.buy(2_000_000);
  assert.deepEqual([sale.state, sale.price, sale.meter.remaining, sale.meter.balance], ['paid', '2000', 2_000_000, '3000']);

  const before = await village.wan();
  const first = await phone.fetch(`http://example.test/bytes/1000000`);
  assert.deepEqual([first.status, first.octets], [200, 1_000_000]);
  const billed = (await phone.meter()).used;
  const carried = (await village.wan()) - before;
  // The difference is the question to the name server, which the box asks for everybody.
  assert.ok(Math.abs(carried - billed) <= 0.01 * carried, `billed ${billed}, carried ${carried}`);

  // The rest is less than this download takes: it goes on in the slow lane.
  const slow = phone.fetch(`http://${WEB}/bytes/6000000`, { seconds: 40 });
  await until(async () => (await phone.meter()).remaining <= 1_500);
  const atDepletion = await village.wan();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const inSlowLane = (await village.wan()) - atDepletion;
  assert.ok(inSlowLane < 3 * 2.5 * 2 * SLOW, `${inSlowLane} octets in 3 s of the slow lane`);
  assert.ok(inSlowLane > 0, 'throttled, not cut');
  await phone.payIn(10_000);
  assert.equal((await phone.buy(8_000_000)).state, 'paid');
  const whole = await slow;
  assert.deepEqual([whole.status, whole.octets], [200, 6_000_000], 'the download that was running goes on');
  const { bought, used, remaining } = await phone.meter();
  assert.equal(bought, 10_000_000);
  assert.equal(used + remaining, bought);
  assert.ok(remaining > 0 && remaining < 4_500_000, `${remaining} left`);
});

test('nobody rides on what another has bought', left, async () => {
  const [address, mac] = await addressOf(phone);
  const reached = async (thief: Phone): Promise<boolean> => (await thief.fetch(`http://${WEB}/bytes/1000`, { seconds: 3 })).octets === 1000;
  const leave = (thief: Phone): Promise<string> => inside(thief.space, 'ip', ['link', 'set', 'wlan', 'down']);
  assert.ok(await reached(phone), 'the customer');
  const sameMac = await village.phone('10.77.3.1', mac);
  assert.ok(!(await reached(sameMac)), 'its MAC with another address');
  await leave(sameMac);
  const sameAddress = await village.phone(address);
  // Both answer to the address for a moment; what the thief sends carries its own MAC.
  assert.ok(!(await reached(sameAddress)), 'its address with another MAC');
  await leave(sameAddress);
  await inside(village.spaces.box, 'ip', ['neigh', 'flush', 'dev', 'lan']);
  assert.ok(await reached(phone), 'the customer again');

  const proof = await phone.prove('buy 00112233445566778899aabbccddeeff 1000000');
  const body = { ...proof, id: '00112233445566778899aabbccddeeff', octets: 1_000_000 };
  await phone.payIn(2_000);
  assert.equal((await phone.api<{ state: string }>('/api/uplink/purchases', { body })).state, 'paid');
  assert.equal((await phone.api('/api/uplink/purchases', { body })).error?.code, 'challenge', 'the same request again');
  const foreign = await village.phone('10.77.3.2');
  assert.equal(
    (await foreign.api('/api/uplink/session', { body: await phone.prove('session') })).error?.code,
    'challenge',
    "another phone's proof",
  );
  const forged = { ...(await foreign.prove('session')), key: phone.key };
  assert.equal((await foreign.api('/api/uplink/session', { body: forged })).error?.code, 'signature');
  assert.equal((await foreign.api('/api/till')).error?.code, 'owner-only');
  assert.equal((await foreign.api('/api/uplink/policy', { method: 'PATCH', body: { freeForAll: true } })).error?.code, 'owner-only');
});

test('a daemon killed at any instant of a purchase: money and gate agree after its restart', left, async (t) => {
  const buyer = await village.phone('10.77.3.9');
  await buyer.bind();
  await buyer.payIn(100_000);
  let spent = 0;
  const states = new Map<string, number>();
  for (let round = 0; round < 4; round += 1) {
    const buying = buyer.buy(1_000_000).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 60 + 80 * round));
    await village.kill();
    await buying;
    await village.start();
    const { bought, balance } = await buyer.meter();
    const taken = 100_000 - Number(balance);
    assert.equal(taken, bought / 1_000, `round ${round}: ${bought} octets through the gate, ${taken} taken`);
    states.set(taken > spent ? 'sold' : 'not sold', (states.get(taken > spent ? 'sold' : 'not sold') ?? 0) + 1);
    spent = taken;
  }
  t.diagnostic(`kills: ${JSON.stringify(Object.fromEntries(states))}`);
});

test('the owner opens the uplink for all in an emergency, and closes it again', left, async () => {
  const stranger = await village.phone('10.77.3.20');
  const set = (freeForAll: boolean): Promise<string> => village.meshbox('uplink', '--free-for-all', freeForAll ? 'on' : 'off');
  await set(true);
  assert.equal((await stranger.fetch(`http://${WEB}/bytes/500000`)).octets, 500_000);
  await set(false);
  assert.equal((await stranger.fetch(`http://${WEB}/bytes/500000`, { seconds: 3 })).status, 302);
});

test('the owner takes cash, pays it out, and closes the till, from the command line', left, async () => {
  const customer = await village.phone('10.77.3.30');
  await customer.bind();
  assert.match(await village.meshbox('till', 'in', customer.key, '900'), /took 900/);
  assert.match(await village.meshbox('till', 'out', customer.key, '400'), /paid out 400/);
  assert.equal((await customer.meter()).balance, '500');
  await village.meshbox('till', 'close');
  await assert.rejects(village.meshbox('till', 'in', customer.key, '1'), /the till is closed/);
  await village.meshbox('till', 'open');
  assert.match(await village.meshbox('till'), /cash-out/);
});

test(
  'a crowd: every paid phone gets what it paid for, no unpaid one gets through, and the sums are equal',
  { ...left, timeout: 120_000 },
  async (t) => {
    const crowd: Phone[] = [];
    for (let i = 0; i < 40; i += 1) crowd.push(await village.phone(`10.77.4.${i + 1}`));
    const paying = crowd.filter((_, i) => i % 2 === 0);
    for (const each of paying) {
      await each.bind();
      await each.payIn(500);
      assert.equal((await each.buy(400_000)).state, 'paid');
    }
    const before = await village.wan();
    const answers = await Promise.all(crowd.map((each) => each.fetch(`http://${WEB}/bytes/300000`, { seconds: 60 })));
    crowd.forEach((each, i) =>
      assert.equal(answers[i]!.status === 200 ? answers[i]!.octets : 0, paying.includes(each) ? 300_000 : 0, `phone ${i}`),
    );
    const carried = (await village.wan()) - before;
    const used = (await Promise.all(paying.map((each) => each.meter()))).reduce((sum, meter) => sum + meter.used, 0);
    assert.ok(Math.abs(carried - used) <= 0.01 * carried, `billed ${used}, carried ${carried}`);
    t.diagnostic(`${paying.length} paid and ${crowd.length - paying.length} unpaid phones: billed ${used}, carried ${carried}`);
  },
);

async function addressOf({ space }: Phone): Promise<[string, string]> {
  const [wlan] = JSON.parse(await inside(space, 'ip', ['-j', '-4', 'addr', 'show', 'wlan'])) as [{ addr_info: [{ local: string }] }];
  const [link] = JSON.parse(await inside(space, 'ip', ['-j', 'link', 'show', 'wlan'])) as [{ address: string }];
  return [wlan.addr_info[0].local, link.address];
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('it did not come to hold in time');
}
