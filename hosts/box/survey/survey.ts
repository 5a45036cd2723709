/**
 * What the box knows of its island: asks each reachable node for a report now and then, one at a time and evenly spread, and keeps the last
 * answers as a graph.
 *
 *   unknown -> up            a route, or a report that names it
 *   up -> silent             three periods without a report although there is a route
 *   up, silent -> unreachable   no route any more; forgotten after FORGET
 *   silent, unreachable -> up   a report
 */
import { hex, millis, NEVER, type Machine, type Millis } from '../../../firmware/core/base/index.js';
import type { Report, Role } from '../../../firmware/core/wire/index.js';
import type { Island, IslandLink, IslandNode } from '../api/index.js';
import { fromHex } from '../traffic/index.js';

/** Each node is asked once in a period. A report of ten neighbours takes 200 octets: 7 octets per second and node. */
const PERIOD = 30_000;
/** Least time between two questions: an island of more than 30 nodes is asked more slowly, never more densely. */
const SPACING = 1_000;
const SILENT_AFTER = 3 * PERIOD;
const FORGET = 3_600_000;
/** Nodes kept; more than the largest island planned. */
const NODES_MAX = 1_024;

export type SurveyInput =
  /** The box's own route to a node changed; no `nextHop`: it is unreachable. */
  | { readonly type: 'route'; readonly id: Uint8Array; readonly nextHop: Uint8Array | undefined; readonly metric: number }
  /** The box's own neighbour changed. */
  | {
      readonly type: 'neighbour';
      readonly id: Uint8Array;
      readonly up: boolean;
      readonly metric: number;
      readonly rssi: number;
      readonly role: Role;
    }
  | { readonly type: 'report'; readonly from: Uint8Array; readonly report: Report }
  | { readonly type: 'tick' };

export type SurveyEffect =
  /** Send a report-request. */
  | { readonly type: 'ask'; readonly to: Uint8Array }
  /** The graph is not what it was. */
  | { readonly type: 'changed' };

interface Known {
  role: Role;
  route: { readonly nextHop: string; readonly metric: number } | undefined;
  /** Since when there is a route, or since when there is none. */
  routeSince: Millis;
  askedAt: Millis | undefined;
  heardAt: Millis | undefined;
  report: Report | undefined;
  state: IslandNode['state'];
}

export class Survey implements Machine<SurveyInput, SurveyEffect> {
  readonly #box: string;
  readonly #nodes = new Map<string, Known>();
  readonly #neighbours = new Map<string, IslandLink>();
  readonly #effects: SurveyEffect[] = [];
  #askAt: Millis = millis(0);
  #now: Millis = millis(0);

  constructor(box: string) {
    this.#box = box;
  }

  handle(now: Millis, input: SurveyInput): void {
    this.#now = now;
    if (input.type === 'route') this.#route(input);
    else if (input.type === 'neighbour') this.#neighbour(input);
    else if (input.type === 'report') this.#report(hex(input.from), input.report);
    this.#review();
    this.#ask();
  }

  poll(): SurveyEffect | undefined {
    return this.#effects.shift();
  }

  deadline(): Millis {
    const next = this.#next();
    const ask = next ? Math.max(this.#askAt, this.#dueAt(next[1])) : NEVER;
    let review: number = NEVER;
    for (const known of this.#nodes.values()) review = Math.min(review, this.#changesAt(known));
    return millis(Math.min(ask, review));
  }

  island(): Island {
    const nodes: IslandNode[] = [{ id: this.#box, role: 'box', state: 'up' }];
    const links: IslandLink[] = [...this.#neighbours.values()];
    for (const [id, { role, state, route, report }] of this.#nodes) {
      nodes.push({
        id,
        role,
        state,
        ...(route ? { route } : {}),
        ...(report ? { seconds: report.uptime, counters: report.counters } : {}),
        ...(report?.pools ? { pools: report.pools } : {}),
      });
      if (state !== 'up') continue;
      for (const neighbour of report?.neighbours ?? []) {
        // Between two reports a dead node is still named by its neighbours; the box's own routes know better.
        const to = hex(neighbour.id);
        if (this.#nodes.get(to)?.state !== 'unreachable') links.push({ from: id, to, metric: neighbour.metric, rssi: -neighbour.rssi });
      }
    }
    return { box: this.#box, nodes, links };
  }

  #route({ id, nextHop, metric }: Extract<SurveyInput, { type: 'route' }>): void {
    const name = hex(id);
    if (name === this.#box) return;
    const known = this.#know(name, 'board');
    if (!known) return;
    const route = nextHop === undefined ? undefined : { nextHop: hex(nextHop), metric };
    if ((route === undefined) !== (known.route === undefined)) known.routeSince = this.#now;
    known.route = route;
    this.#change();
  }

  #neighbour({ id, up, metric, rssi, role }: Extract<SurveyInput, { type: 'neighbour' }>): void {
    const name = hex(id);
    if (up) this.#neighbours.set(name, { from: this.#box, to: name, metric, rssi });
    else this.#neighbours.delete(name);
    const known = this.#know(name, role);
    if (known) known.role = role;
    this.#change();
  }

  #report(from: string, report: Report): void {
    const known = this.#know(from, 'board');
    if (!known) return;
    known.report = report;
    known.heardAt = this.#now;
    for (const { id, role } of report.neighbours) {
      if (hex(id) === this.#box) continue;
      const neighbour = this.#know(hex(id), role);
      if (!neighbour) continue;
      neighbour.role = role;
      // A leaf answers no reports and has no route: whoever hears it vouches for it.
      if (role === 'leaf') neighbour.heardAt = this.#now;
    }
    this.#change();
  }

  #know(id: string, role: Role): Known | undefined {
    const known = this.#nodes.get(id);
    if (known || this.#nodes.size === NODES_MAX) return known;
    const fresh: Known = {
      role,
      route: undefined,
      routeSince: this.#now,
      askedAt: undefined,
      heardAt: undefined,
      report: undefined,
      state: 'unreachable',
    };
    this.#nodes.set(id, fresh);
    return fresh;
  }

  #review(): void {
    for (const [id, known] of this.#nodes) {
      const state = this.#stateOf(known);
      if (state !== known.state) {
        known.state = state;
        this.#change();
      }
      if (state === 'unreachable' && this.#now >= this.#quietSince(known) + FORGET) {
        this.#nodes.delete(id);
        this.#change();
      }
    }
  }

  #stateOf(known: Known): IslandNode['state'] {
    if (known.role !== 'leaf' && known.route === undefined) return 'unreachable';
    return this.#now < this.#quietSince(known) + SILENT_AFTER ? 'up' : known.role === 'leaf' ? 'unreachable' : 'silent';
  }

  /** When its state changes by time alone. */
  #changesAt(known: Known): number {
    if (known.state === 'unreachable') return this.#quietSince(known) + FORGET;
    return known.state === 'up' ? this.#quietSince(known) + SILENT_AFTER : NEVER;
  }

  #quietSince({ routeSince, heardAt }: Known): Millis {
    return heardAt !== undefined && heardAt > routeSince ? heardAt : routeSince;
  }

  #ask(): void {
    const next = this.#next();
    if (!next || this.#now < this.#askAt || this.#now < this.#dueAt(next[1])) return;
    next[1].askedAt = this.#now;
    this.#askAt = millis(this.#now + SPACING);
    this.#effects.push({ type: 'ask', to: fromHex(next[0]) });
  }

  /** The reachable node that was asked longest ago. */
  #next(): [string, Known] | undefined {
    let next: [string, Known] | undefined;
    for (const entry of this.#nodes) {
      const { route, role, askedAt } = entry[1];
      if (route === undefined || role === 'leaf') continue;
      if (!next || (askedAt ?? -1) < (next[1].askedAt ?? -1)) next = entry;
    }
    return next;
  }

  #dueAt({ askedAt }: Known): number {
    return askedAt === undefined ? 0 : askedAt + PERIOD;
  }

  /** One effect, however much has changed. */
  #change(): void {
    if (this.#effects.at(-1)?.type !== 'changed') this.#effects.push({ type: 'changed' });
  }
}
