/** Commands that only ask: status, peers, routes, ping. */
import type { IslandNode, RadioStatus } from '../../box/api/index.js';
import { table } from '../output.js';
import type { Context } from '../program.js';
import { resolveAddress } from '../resolve.js';

export async function status({ api, out }: Context): Promise<void> {
  const status = await api.status();
  const lines = [
    `box      ${status.name}, ${status.id}, MeshBox ${status.version}, up ${duration(status.uptimeSeconds)}`,
    ...radioLines(status.radio),
    `island   ${status.island.nodes} nodes, ${status.island.links} links`,
    `traffic  ${status.traffic.messages} messages, ${status.traffic.files} files`,
    ...status.problems.map(({ message, remedy }) => `problem  ${message}\n         ${remedy}`),
  ];
  out.answer(status, lines.join('\n'));
}

export async function peers({ api, out }: Context): Promise<void> {
  const { nodes } = await api.island();
  const rows = nodes.map((node) => [
    node.id,
    node.role,
    node.state,
    node.seconds === undefined ? '-' : duration(node.seconds),
    ...traffic(node),
  ]);
  out.answer(nodes, table(['id', 'role', 'state', 'up for', 'forwarded', 'delivered', 'dropped', 'sent octets'], rows));
}

export async function routes({ api, out }: Context): Promise<void> {
  const { nodes } = await api.island();
  const routes = nodes.flatMap(({ id, route }) => (route ? [{ id, ...route }] : []));
  out.answer(
    routes,
    routes.length === 0
      ? 'No routes: no node can be reached. `meshbox status` says whether a board is paired.'
      : table(
          ['to', 'next hop', 'cost in ms of airtime'],
          routes.map(({ id, nextHop, metric }) => [id, nextHop, metric / 10]),
        ),
  );
}

export async function ping({ api, out }: Context, to: string): Promise<void> {
  const result = await api.ping(await resolveAddress(api, to));
  out.answer(result, `${result.to} answered in ${result.milliseconds} ms over ${result.hops} ${result.hops === 1 ? 'hop' : 'hops'}`);
}

function radioLines(radio: RadioStatus): string[] {
  switch (radio.state) {
    case 'searching':
      return [
        `radio    ${radio.problem ?? `looking for a board on ${radio.device}`}`,
        ...(radio.remedy === undefined ? [] : [`         ${radio.remedy}`]),
      ];
    case 'refused':
      return [`radio    ${radio.device}: ${radio.problem}`, `         ${radio.remedy}`];
    case 'paired': {
      const { framesSent, framesReceived, retransmissions, badFrames, reconnects } = radio.counters;
      return [
        `radio    paired with board ${radio.boardId} (${radio.firmware}) on ${radio.device}`,
        `line     ${framesSent} frames sent, ${framesReceived} received, ${retransmissions} retransmissions, ${badFrames} bad, ${reconnects} reconnects`,
      ];
    }
  }
}

function traffic({ counters }: IslandNode): (string | number)[] {
  return counters ? [counters.forwarded, counters.delivered, counters.dropped, counters.sentOctets] : ['-', '-', '-', '-'];
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
