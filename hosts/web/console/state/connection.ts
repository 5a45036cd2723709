/**
 * Keeps the page current: one stream of events, a snapshot each time the stream opens, and new attempts when it is lost.
 *
 *   connecting -- stream open --> loading -- snapshot --> live
 *   connecting, loading, live -- lost --> gone -- after a pause --> connecting
 *
 * Events that come while the snapshot is under way are applied after it, in order: the last word on each thing is then the newest.
 * A box that vanishes without closing the stream (a phone that left the network) is noticed by a probe after silence.
 */
import type { Event, Status } from '../../../box/api/types.js';
import type { Snapshot } from './api.js';

/** As shown: new attempts after a loss don't show, the box stays `gone` until it is `live` again. */
export type Live = { readonly state: 'connecting' } | { readonly state: 'live' } | { readonly state: 'gone'; readonly since: number };

export interface ConnectionPorts {
  /** Open the event stream; returns how to close it. */
  readonly stream: (on: { open: () => void; event: (event: Event) => void; lost: () => void }) => () => void;
  readonly snapshot: () => Promise<Snapshot>;
  readonly probe: () => Promise<Status>;
  /** Run once after so many ms; returns how to call it off. */
  readonly later: (ms: number, run: () => void) => () => void;
  readonly now: () => number;
  readonly load: (snapshot: Snapshot) => void;
  readonly apply: (event: Event) => void;
  readonly show: (live: Live) => void;
}

export interface Connection {
  /** Connect now: at the start, and when a person asks during a pause. */
  readonly connect: () => void;
}

/** The pause doubles from 1 s: a daemon restarts in about one, and a page left open for a night must not hammer. */
const firstPause = 1_000;
const longestPause = 15_000;
/** An island causes an event with each report, every second or so; when it is that quiet for so long, one small question does no harm. */
export const silence = 20_000;

export function createConnection(ports: ConnectionPorts): Connection {
  let state: 'connecting' | 'loading' | 'live' | 'gone' = 'gone';
  let lostAt: number | undefined;
  let pause = firstPause;
  let waiting: Event[] = [];
  let close = (): void => {};
  let cancel = (): void => {};
  /** Answers that belong to an earlier attempt are told by it. */
  let attempt = 0;

  const arm = (ms: number, run: () => void): void => {
    cancel();
    cancel = ports.later(ms, run);
  };

  const mine = <A extends unknown[]>(step: (...values: A) => void): ((...values: A) => void) => {
    const current = attempt;
    return (...values) => {
      if (attempt === current) step(...values);
    };
  };

  function connect(): void {
    attempt += 1;
    close();
    waiting = [];
    state = 'connecting';
    if (lostAt === undefined) ports.show({ state });
    arm(silence, mine(lost));
    close = ports.stream({ open: mine(opened), event: mine(heard), lost: mine(lost) });
  }

  /** connecting -> loading */
  function opened(): void {
    state = 'loading';
    ports.snapshot().then(mine(loaded), mine(lost));
  }

  /** loading -> live */
  function loaded(snapshot: Snapshot): void {
    ports.load(snapshot);
    for (const event of waiting.splice(0)) ports.apply(event);
    pause = firstPause;
    lostAt = undefined;
    state = 'live';
    ports.show({ state });
    arm(silence, probe);
  }

  function heard(event: Event): void {
    if (state !== 'live') {
      waiting.push(event);
      return;
    }
    ports.apply(event);
    arm(silence, probe);
  }

  function probe(): void {
    ports.probe().then(
      mine((status: Status) => heard({ type: 'status', status })),
      mine(lost),
    );
  }

  /** any -> gone */
  function lost(): void {
    attempt += 1;
    close();
    state = 'gone';
    lostAt ??= ports.now();
    ports.show({ state, since: lostAt });
    arm(pause, connect);
    pause = Math.min(pause * 2, longestPause);
  }

  return { connect };
}

/** The browser's event stream. The browser's own reconnecting is not used: it stops for good after an HTTP error. */
export function openStream(path: string): ConnectionPorts['stream'] {
  return ({ open, event, lost }) => {
    const source = new EventSource(path);
    source.onopen = open;
    source.onerror = lost;
    source.onmessage = ({ data }: MessageEvent<string>) => event(JSON.parse(data) as Event);
    return () => source.close();
  };
}
