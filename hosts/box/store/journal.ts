/**
 * Records that survive kill -9 and power cuts: one line each, `check json`, appended and synced; the last record of a key wins. A torn last
 * line is what a power cut leaves and is cut off. A damaged line elsewhere: the whole file is copied into `corrupt/` and named, every
 * good record is kept.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode, writeDurably } from '../../node/index.js';

export interface Damage {
  readonly file: string;
  readonly lines: number;
  readonly copiedTo: string;
}

export interface JournalOptions<T> {
  readonly file: string;
  readonly key: (record: T) => string;
  /** True if the parsed value is a record. */
  readonly valid: (value: unknown) => value is T;
  /** Records kept; the oldest are forgotten. */
  readonly capacity: number;
}

/** A line that says that a key's record is gone; no record has this shape. */
interface Removal {
  readonly removed: string;
}

/** Lines that are never worth compacting: a file of some 100 kB. */
const COMPACT_FROM = 1_000;

export class Journal<T> {
  readonly damage: Damage | undefined;
  readonly #options: JournalOptions<T>;
  readonly #records: Map<string, T>;
  #handle: FileHandle | undefined;
  #lines: number;
  #queue = Promise.resolve();

  private constructor(options: JournalOptions<T>, records: Map<string, T>, damage: Damage | undefined) {
    this.#options = options;
    this.#records = records;
    this.damage = damage;
    this.#lines = records.size;
  }

  static async open<T>(options: JournalOptions<T>): Promise<Journal<T>> {
    const text = await readOrEmpty(options.file);
    const { records, bad } = parse(text, options);
    const damage = bad === 0 ? undefined : { file: options.file, lines: bad, copiedTo: await copyAside(options.file) };
    const journal = new Journal(options, records, damage);
    if (text !== '') await journal.#compact();
    return journal;
  }

  /** Oldest first. */
  values(): T[] {
    return [...this.#records.values()];
  }

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  /** Adds or replaces at once in memory; resolves when durable, rejects when it cannot be written (disk full, folder gone). */
  put(record: T): Promise<void> {
    return this.putAll([record]);
  }

  /** Several, with one sync. */
  putAll(records: readonly T[]): Promise<void> {
    const { key, capacity } = this.#options;
    for (const record of records) this.#records.set(key(record), record);
    forgetOldest(this.#records, capacity);
    return this.#append(records);
  }

  /** Forgets at once in memory; resolves when durable. */
  remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#records.delete(key);
    return this.#append(keys.map((removed): Removal => ({ removed })));
  }

  #append(records: readonly (T | Removal)[]): Promise<void> {
    return this.#enqueue(async () => {
      // Twice the records in lines: half of the file is history.
      if (this.#lines > 2 * Math.min(this.#options.capacity, Math.max(this.#records.size, COMPACT_FROM))) return this.#compact();
      const before = this.#lines;
      this.#lines = Infinity; // A write that fails may leave half a line: the next one writes the file anew.
      this.#handle ??= await open(this.#options.file, 'a');
      await this.#handle.appendFile(records.map(line).join(''));
      await this.#handle.datasync();
      this.#lines = before + records.length;
    });
  }

  /** Resolves when every record put so far is durable. */
  settled(): Promise<void> {
    return this.#queue;
  }

  async close(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#handle?.close();
      this.#handle = undefined;
    });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #compact(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await writeDurably(this.#options.file, Buffer.from(this.values().map(line).join('')));
    this.#lines = this.#records.size;
  }
}

function parse<T>(text: string, { key, valid, capacity }: JournalOptions<T>): { records: Map<string, T>; bad: number } {
  const records = new Map<string, T>();
  const lines = text.split('\n');
  lines.pop(); // Empty, or torn by a power cut.
  let bad = 0;
  for (const each of lines) {
    const record = parseLine(each);
    if (valid(record)) records.set(key(record), record);
    else if (isRemoval(record)) records.delete(record.removed);
    else bad += 1;
  }
  forgetOldest(records, capacity);
  return { records, bad };
}

function isRemoval(value: unknown): value is Removal {
  return typeof (value as Partial<Removal> | undefined)?.removed === 'string';
}

function forgetOldest(records: Map<string, unknown>, capacity: number): void {
  for (const oldest of records.keys()) {
    if (records.size <= capacity) break;
    records.delete(oldest);
  }
}

function parseLine(text: string): unknown {
  const json = text.slice(17);
  if (text.slice(0, 17) !== check(json) + ' ') return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function line(record: unknown): string {
  const json = JSON.stringify(record);
  return `${check(json)} ${json}\n`;
}

/** 64 bits of sha256: finds damage, not malice. */
function check(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, 16);
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

async function copyAside(file: string): Promise<string> {
  const folder = join(dirname(file), 'corrupt');
  await mkdir(folder, { recursive: true });
  const name = `${basename(file)}.${createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 8)}`;
  await copyFile(file, join(folder, name));
  return join(folder, name);
}
