/** Everything the page knows, in one place: fed by a snapshot and events, read by the views as signals. */
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Event, FileInfo, Island, Message, Status } from '../../../box/api/types.js';
import { growth } from '../model/activity.js';
import { fileChange, islandChanges, messageChange, radioChange } from '../model/changes.js';
import { shortIds } from '../model/format.js';
import { layout, noLayout, type Layout } from '../model/layout.js';
import { pairLinks, type LinkPair } from '../model/links.js';
import { recipients, type Recipient } from '../model/recipients.js';
import { routePaths } from '../model/routes.js';
import type { Snapshot } from './api.js';
import type { Places } from '../model/tangle.js';
import type { Live } from './connection.js';

export interface Change {
  readonly key: number;
  readonly at: number;
  readonly text: string;
}

/** Of one node: how many frames it last passed, and when, as time and as a running number that restarts the animation. */
export interface Pulse {
  readonly beat: number;
  readonly at: number;
  readonly frames: number;
}

export interface Store {
  readonly live: ReadonlySignal<Live>;
  readonly status: ReadonlySignal<Status | undefined>;
  readonly island: ReadonlySignal<Island | undefined>;
  readonly messages: ReadonlySignal<readonly Message[]>;
  readonly files: ReadonlySignal<readonly FileInfo[]>;
  /** Newest first. */
  readonly changes: ReadonlySignal<readonly Change[]>;
  readonly pulses: ReadonlySignal<ReadonlyMap<string, Pulse>>;
  readonly places: ReadonlySignal<Places>;
  readonly pairs: ReadonlySignal<readonly LinkPair[]>;
  readonly paths: ReadonlySignal<ReadonlyMap<string, readonly string[]>>;
  readonly recipients: ReadonlySignal<readonly Recipient[]>;
  readonly selected: ReadonlySignal<string | undefined>;
  /** Address chosen to send to; empty before a choice. */
  readonly recipient: ReadonlySignal<string>;
  /** `box` for the box itself, a short id, or board/leaf. */
  readonly name: ReadonlySignal<(address: string) => string>;

  readonly show: (live: Live) => void;
  readonly load: (snapshot: Snapshot) => void;
  readonly apply: (event: Event) => void;
  /** The answer to our own request, which may come after an event that says more: known things stay. */
  readonly addMessage: (message: Message) => void;
  readonly addFile: (file: FileInfo) => void;
  readonly select: (id: string | undefined) => void;
  readonly choose: (address: string) => void;
  readonly rearrange: () => void;
}

/** What fits a glance; the daemon's log has the rest. */
const changesKept = 40;

const messageKey = ({ direction, key }: Message): string => `${direction} ${key}`;
const fileKey = ({ direction, sha256, peer }: FileInfo): string => `${direction} ${sha256} ${peer}`;

/** In its old place if known, else at the end. */
function put<T>(list: readonly T[], item: T, key: (item: T) => string): readonly T[] {
  const index = list.findIndex((each) => key(each) === key(item));
  return index < 0 ? [...list, item] : [...list.slice(0, index), item, ...list.slice(index + 1)];
}

export function createStore(now: () => number): Store {
  const live = signal<Live>({ state: 'connecting' });
  const status = signal<Status | undefined>(undefined);
  const island = signal<Island | undefined>(undefined);
  const messages = signal<readonly Message[]>([]);
  const files = signal<readonly FileInfo[]>([]);
  const changes = signal<readonly Change[]>([]);
  const pulses = signal<ReadonlyMap<string, Pulse>>(new Map());
  const drawn = signal(noLayout);
  const selected = signal<string | undefined>(undefined);
  const recipient = signal('');

  const correspondents = computed(() => [...messages.value, ...files.value]);
  const pairs = computed(() => (island.value ? pairLinks(island.value) : []));
  const paths = computed(() => (island.value ? routePaths(island.value) : new Map<string, readonly string[]>()));
  const name = computed(() => {
    const ids = new Set(island.value?.nodes.map(({ id }) => id));
    for (const { peer } of correspondents.value) for (const part of peer.split('/')) ids.add(part);
    const names = shortIds([...ids]);
    const one = (id: string): string => (id === island.value?.box ? 'box' : (names.get(id) ?? id.slice(0, 4)));
    return (address: string): string => address.split('/').map(one).join('/');
  });

  let said = 0;
  const say = (texts: readonly (string | undefined)[]): void => {
    const fresh = texts.flatMap((text): Change[] => (text === undefined ? [] : [{ key: (said += 1), at: now(), text }]));
    if (fresh.length > 0) changes.value = [...fresh.reverse(), ...changes.value].slice(0, changesKept);
  };

  const setStatus = (next: Status): void => {
    say([radioChange(status.value?.radio, next.radio)]);
    status.value = next;
  };

  let beat = 0;
  const setIsland = (next: Island): void => {
    const before = island.value;
    beat += 1;
    const grown = growth(before, next);
    if (grown.size > 0)
      pulses.value = new Map([...pulses.value, ...[...grown].map(([id, frames]) => [id, { beat, at: now(), frames }] as const)]);
    island.value = next;
    say(islandChanges(before, next, name.value));
    arrange(drawn.value);
  };
  const arrange = (previous: Layout): void => {
    const { nodes, box } = island.value!;
    drawn.value = layout(
      nodes.map(({ id }) => id),
      pairs.value,
      box,
      previous,
    );
  };

  const known = <T>(list: readonly T[], item: T, key: (item: T) => string): T | undefined => list.find((each) => key(each) === key(item));
  const setMessage = (message: Message): void => {
    const before = known(messages.value, message, messageKey);
    messages.value = put(messages.value, message, messageKey);
    say([messageChange(before, message, name.value)]);
  };
  const setFile = (file: FileInfo): void => {
    const before = known(files.value, file, fileKey);
    files.value = put(files.value, file, fileKey);
    say([fileChange(before, file, name.value)]);
  };

  return {
    live,
    status,
    island,
    messages,
    files,
    changes,
    pulses,
    places: computed(() => drawn.value.places),
    pairs,
    paths,
    recipients: computed(() => recipients(island.value, correspondents.value)),
    selected,
    recipient,
    name,
    show: (next) => (live.value = next),
    load(snapshot) {
      batch(() => {
        setStatus(snapshot.status);
        messages.value = snapshot.messages;
        files.value = snapshot.files;
        setIsland(snapshot.island);
      });
    },
    apply(event) {
      batch(() => {
        switch (event.type) {
          case 'status':
            return setStatus(event.status);
          case 'island':
            return setIsland(event.island);
          case 'message':
            return setMessage(event.message);
          case 'file':
            return setFile(event.file);
        }
      });
    },
    addMessage: (message) => known(messages.value, message, messageKey) ?? batch(() => setMessage(message)),
    addFile: (file) => known(files.value, file, fileKey) ?? batch(() => setFile(file)),
    select: (id) => (selected.value = id),
    choose: (address) => (recipient.value = address),
    rearrange: () => island.value && arrange(noLayout),
  };
}
