/**
 * `npm run drill:chain [-- --hours 24] [--json]`: seven boxes in one process over hours of virtual time; each hour two random ones are killed and restarted or a
 * random three are cut off and reconnected. Exits with 1 at two rival final blocks, at states that differ in the end, or if finality does not come back.
 */
import { parseArgs } from 'node:util';
import { buildKernels } from '../../assembly/build.mjs';
import { hex, Prng } from '../../firmware/core/base/index.js';

await buildKernels();
const { World } = await import('../chain/world.js');
const { signed } = await import('../chain/token.js');

const { values } = parseArgs({
  options: { hours: { type: 'string', default: '24' }, seed: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
});
const hours = Number(values.hours);
const random = new Prng(new Uint8Array(16).fill(Number(values.seed)));
const BOXES = 7;
const MINUTE = 60;

const world = new World(Array.from({ length: BOXES }, (_, i) => 100 + 20 * i));
const started = process.cpuUsage();
try {
  await world.startAll();
  let nonce = 0;
  let events = 0;
  const some = (count: number): number[] => {
    const left = world.boxes.map(({ index }) => index);
    return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!);
  };
  const pay = async (): Promise<void> => {
    const chain = world.alive[random.below(world.alive.length)]!;
    const transaction = signed(chain.engine.common, {
      nonce,
      to: `0x${(nonce + 1).toString(16).padStart(40, '0')}`,
      value: 1n,
      gasLimit: 21_000,
    });
    await chain.submit(transaction.serialize()).then(
      () => (nonce += 1),
      () => undefined, // This box lags behind: another payment will do.
    );
  };
  for (let hour = 0; hour < hours; hour += 1) {
    const away = some(hour % 2 === 0 ? 2 : 3);
    for (let minute = 0; minute < 60; minute += 1) {
      await pay();
      if (minute === 15) {
        events += 1;
        if (hour % 2 === 0) for (const index of away) await world.kill(index);
        else world.islands(world.boxes.map(({ index }) => (away.includes(index) ? 1 : 0)));
      }
      if (minute === 40) {
        if (hour % 2 === 0) for (const index of away) await world.start(index);
        else world.islands(world.boxes.map(() => 0));
      }
      await world.run(MINUTE);
    }
    const finals = world.alive.map(({ final }) => final.header.number);
    const heads = world.alive.map(({ head }) => head.header.number);
    console.log(
      `hour ${hour + 1}: ${hour % 2 === 0 ? 'killed' : 'cut off'} ${away.join(' ')}; newest ${Math.max(...heads)}, final ${Math.min(...finals)}..${Math.max(...finals)}, rivals ${world.rivals().length}`,
    );
  }
  await world.run(10 * MINUTE + 3);
  const chains = world.alive;
  const { user, system } = process.cpuUsage(started);
  const result = {
    hours,
    events,
    slots: Math.floor((hours * 3600) / 14),
    blocks: chains[0]!.head.header.number,
    final: Math.min(...chains.map(({ final }) => final.header.number)),
    rivals: world.rivals().length,
    states: new Set(chains.map(({ final }) => hex(final.header.state))).size,
    lag: chains[0]!.head.header.number - Math.min(...chains.map(({ final }) => final.header.number)),
    payments: nonce,
    included: Number((await chains[0]!.account('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')).nonce),
    refused: world.logs.filter((line) => line.includes('refused block')).length,
    cpuSeconds: Math.round((user + system) / 1e6),
  };
  console.log(
    `${result.blocks} blocks in ${result.slots} slots, ${result.final} final, ${result.rivals} rivals, ${result.states} state(s), ${result.included} of ${result.payments} payments in blocks`,
  );
  if (values.json) console.log(JSON.stringify(result));
  if (result.rivals > 0 || result.states > 1 || result.lag > 5 || result.refused > 0 || result.included < result.payments)
    process.exitCode = 1;
} finally {
  await world.stop();
}
