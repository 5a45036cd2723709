/** A line of three boards, a leaf at either end: what the emulator's tests run on every engine. */
import { micros } from '../../firmware/core/base/index.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { identityOf } from '../../hosts/sim/mesh.js';
import type { Station } from '../../hosts/sim/station.js';
import { traceLine } from '../../hosts/sim/trace.js';
import { World } from '../../hosts/sim/world.js';
import { addLeaf } from '../../hosts/sim/xs-mesh.js';

export const seed = 20_261_122;
const second = 1_000_000;
/** The relay. */
export const MIDDLE = 1;
const boards = 3;

export interface Run {
  readonly digest: string;
  readonly lines: readonly string[];
  readonly answers: readonly string[];
  readonly ends: readonly string[];
}

/**
 * Start, 20 s to find each other, then `packets` payloads of 200 octets from one end to the other, one each second.
 * `pause` is called before the first of them and after the last.
 */
export async function runLine(
  boot: (board: number, boots: number) => Station | Promise<Station>,
  packets: number,
  pause?: () => Promise<void>,
): Promise<Run> {
  const lines: string[] = [];
  const answers: string[] = [];
  const ends: string[] = [];
  const observer = {
    transmission: (_: number, transmission: Parameters<typeof traceLine>[0]) => void lines.push(traceLine(transmission)),
    ended: (station: number, why: string) => void ends.push(`${station}: ${why}`),
  };
  const world = new World({ seed, observer });
  const identities = Array.from({ length: boards }, (_, board) => identityOf(seed, 'board', board));
  for (const [board, { mac }] of identities.entries()) {
    world.add({ name: `board ${board}`, mac, boot: (_, boots) => boot(board, boots) });
    world.start(board, micros(board * 100_000));
  }
  for (const { from, to, ...link } of makeTopology(`line:${boards}`, { loss: 0 }).links) world.setLink(from, to, link);
  const [sender] = [0, boards - 1].map((board) =>
    addLeaf(world, seed, board, (_, now, effect) => {
      if (effect.type === 'message' || effect.type === 'outcome')
        answers.push(`${board} ${effect.type} ${effect.type === 'outcome' ? effect.outcome : effect.payload.length} at ${now}`);
    }),
  );
  const receiver = { node: identities[boards - 1]!.id, leaf: identityOf(seed, 'leaf', boards - 1).id };
  await world.run(micros(20 * second));
  await pause?.();
  for (let token = 0; token < packets; token += 1) {
    const payload = new Uint8Array(200).fill(token);
    world.at(micros((20 + token) * second + 1), () =>
      world.submit(boards, (now) => sender!.feed(now, { type: 'send', token, to: receiver, class: 'free', payload })),
    );
  }
  await world.run(micros((20 + packets + 5) * second));
  await pause?.();
  await world.stop();
  return { digest: world.trace.digest(), lines, answers, ends };
}
