/**
 * Letters of people: taken from a phone, carried to the reader's box, kept until the reader's phone fetches them.
 *
 *   outgoing   queued -> kept -> fetched -> read       as the reader's box tells
 *              queued, kept -> expired                 its life ran out
 *              queued -> refused                       the inbox is full
 *   incoming   kept -> fetched -> read                 as the reader's phone says
 *
 * A letter is sent again until the reader's box has said that it is kept, news until it has arrived: a letter has one id, so a repeated one is one.
 * Durable before it is acknowledged, on both sides.
 */
import type { LetterState } from '../../../firmware/core/wire/index.js';
import { Problem } from '../../node/index.js';
import type { Journal } from '../store/index.js';

export interface Outgoing {
  readonly direction: 'out';
  readonly id: string;
  /** Key of the writer. */
  readonly writer: string;
  /** Node id of the reader's box. */
  readonly box: string;
  readonly person: string;
  /** Base64. */
  readonly sealed: string;
  readonly at: number;
  readonly until: number;
  readonly state: 'queued' | LetterState;
}

export interface Incoming {
  readonly direction: 'in';
  readonly id: string;
  /** Node id of the writer's box. */
  readonly box: string;
  readonly person: string;
  readonly sealed: string;
  /** Rises by one with each letter of this box. */
  readonly number: number;
  readonly at: number;
  readonly until: number;
  readonly state: LetterState;
  /** What the writer's box knows. */
  readonly told: LetterState | undefined;
}

export type LetterRecord = Outgoing | Incoming;

export interface LetterBody {
  readonly id: string;
  readonly person: string;
  readonly sealed: Uint8Array;
  /** Milliseconds left to live. */
  readonly life: number;
}

export interface OfficeOptions {
  readonly journal: Journal<LetterRecord>;
  /** Node id of this box. */
  readonly box: string;
  readonly now: () => number;
  /** True: the other box's transport has it. */
  readonly sendLetter: (box: string, letter: LetterBody) => Promise<boolean>;
  readonly sendNews: (box: string, id: string, state: LetterState) => Promise<boolean>;
  readonly failed: (error: unknown) => void;
}

/** A week: a boat comes in that time. */
export const LIFE = 7 * 24 * 3600 * 1000;
/** Letters that wait for one person: 500 of 3 kB are 1.5 MB of the box's disk. */
const INBOX = 500;
/** Between tries, in ms: at once, then ever rarer up to ten minutes while the other box is away. */
const FIRST = 5_000;
const RAREST = 600_000;

const order: readonly LetterState[] = ['kept', 'fetched', 'read'];
const later = (a: LetterState | undefined, b: LetterState): boolean => a === undefined || order.indexOf(b) > order.indexOf(a);
/** A record's key: one id may be both sent and received on one box. */
export const recordKey = ({ direction, id, box }: Pick<LetterRecord, 'direction' | 'id' | 'box'>): string =>
  direction === 'out' ? `out ${id}` : `in ${box} ${id}`;

export class Office {
  readonly #options: OfficeOptions;
  readonly #tries = new Map<string, { readonly due: number; readonly pause: number }>();
  readonly #busy = new Set<string>();
  #number: number;

  constructor(options: OfficeOptions) {
    this.#options = options;
    this.#number = this.#all().reduce((highest, record) => (record.direction === 'in' ? Math.max(highest, record.number) : highest), 0);
  }

  /** Takes a letter of a phone here; durable when it resolves. The same id again is the same letter. */
  async post(writer: string, box: string, { id, person, sealed }: Omit<LetterBody, 'life'>): Promise<Outgoing> {
    const known = this.#options.journal.get(`out ${id}`);
    if (known?.direction === 'out') {
      if (known.writer === writer) return known;
      throw new Problem('letter-known', `letter ${id} is another one's`, 'Give the letter a new random id.');
    }
    const at = this.#options.now();
    const record: Outgoing = {
      direction: 'out',
      id,
      writer,
      box,
      person,
      sealed: Buffer.from(sealed).toString('base64'),
      at,
      until: at + LIFE,
      state: 'queued',
    };
    await this.#options.journal.put(record);
    await this.#carry(record);
    return this.#options.journal.get(`out ${id}`) as Outgoing;
  }

  /** A letter came from another box: what to tell it. */
  async arrived(from: string, { id, person, sealed, life }: LetterBody): Promise<void> {
    const known = this.#options.journal.get(recordKey({ direction: 'in', id, box: from }));
    if (known?.direction === 'in') {
      await this.#tell({ ...known, told: undefined });
      return;
    }
    if (this.inbox(person, 0).filter(({ state }) => state === 'kept').length >= INBOX) {
      await this.#options.sendNews(from, id, 'refused');
      return;
    }
    const at = this.#options.now();
    const text = Buffer.from(sealed).toString('base64');
    const record: Incoming = {
      direction: 'in',
      id,
      box: from,
      person,
      sealed: text,
      number: ++this.#number,
      at,
      until: at + Math.min(life, LIFE),
      state: 'kept',
      told: undefined,
    };
    await this.#options.journal.put(record);
    await this.#tell(record);
  }

  /** The reader's box says what became of our letter. */
  async news(from: string, id: string, state: LetterState): Promise<void> {
    const record = this.#options.journal.get(`out ${id}`);
    if (record?.direction !== 'out' || record.box !== from || record.state === 'refused') return;
    const known = record.state === 'queued' ? undefined : record.state;
    if (state === 'refused' ? known !== undefined : !later(known, state)) return;
    await this.#options.journal.put({ ...record, state });
    this.#tries.delete(`out ${id}`);
  }

  /** Letters for a person with a number above `after`, oldest first. */
  inbox(person: string, after: number): Incoming[] {
    const now = this.#options.now();
    return this.#all().flatMap((record) =>
      record.direction === 'in' && record.person === person && record.number > after && record.until > now ? [record] : [],
    );
  }

  /** The reader's phone has these, or has shown them. */
  async mark(person: string, ids: readonly string[], state: 'fetched' | 'read'): Promise<void> {
    for (const record of this.inbox(person, 0)) {
      if (!ids.includes(record.id) || !later(record.state, state)) continue;
      const marked = { ...record, state };
      await this.#options.journal.put(marked);
      void this.#tell(marked).catch(this.#options.failed);
    }
  }

  /** What became of a writer's letters, `expired` included. */
  sent(writer: string): { readonly id: string; readonly state: Outgoing['state'] | 'expired' }[] {
    const now = this.#options.now();
    return this.#all().flatMap((record) => {
      if (record.direction !== 'out' || record.writer !== writer) return [];
      const over = record.until <= now && (record.state === 'queued' || record.state === 'kept');
      return [{ id: record.id, state: over ? 'expired' : record.state }];
    });
  }

  /** Sends again what is due; to be called every few seconds. */
  tick(): void {
    const now = this.#options.now();
    for (const record of this.#all()) {
      const key = recordKey(record);
      if (record.until <= now || (this.#tries.get(key)?.due ?? 0) > now) continue;
      if (record.direction === 'out' && record.state === 'queued') void this.#carry(record).catch(this.#options.failed);
      if (record.direction === 'in' && later(record.told, record.state)) void this.#tell(record).catch(this.#options.failed);
    }
  }

  async #carry(record: Outgoing): Promise<void> {
    const { now, box, sendLetter } = this.#options;
    const letter = { id: record.id, person: record.person, sealed: Buffer.from(record.sealed, 'base64'), life: record.until - now() };
    if (record.box === box) return this.arrived(box, letter);
    await this.#once(recordKey(record), () => sendLetter(record.box, letter));
  }

  async #tell(record: Incoming): Promise<void> {
    const { box, sendNews, journal } = this.#options;
    if (record.box === box) {
      await journal.put({ ...record, told: record.state });
      return this.news(box, record.id, record.state);
    }
    const told = await this.#once(recordKey(record), () => sendNews(record.box, record.id, record.state));
    const now = journal.get(recordKey(record));
    if (told && now?.direction === 'in') await journal.put({ ...now, told: record.state });
  }

  /** One try at a time for each record; the next one later. */
  async #once(key: string, send: () => Promise<boolean>): Promise<boolean> {
    if (this.#busy.has(key)) return false;
    this.#busy.add(key);
    const pause = Math.min(RAREST, 2 * (this.#tries.get(key)?.pause ?? FIRST / 2));
    this.#tries.set(key, { due: this.#options.now() + pause, pause });
    try {
      return await send();
    } finally {
      this.#busy.delete(key);
    }
  }

  #all(): LetterRecord[] {
    return this.#options.journal.values();
  }
}

export function isLetterRecord(value: unknown): value is LetterRecord {
  const record = value as Partial<Record<keyof Outgoing | keyof Incoming, unknown>> | undefined;
  const texts = [record?.id, record?.box, record?.person, record?.sealed, record?.state];
  return (
    texts.every((text) => typeof text === 'string') &&
    Number.isFinite(record?.at) &&
    Number.isFinite(record?.until) &&
    (record?.direction === 'out' ? typeof record.writer === 'string' : record?.direction === 'in' && Number.isSafeInteger(record.number))
  );
}
