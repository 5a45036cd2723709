/**
 * All that the app knows, as signals, and what a person can do.
 *
 *   nobody -> somebody    begin with a name, or restore from twelve words
 *   somebody -> nobody    forget
 *
 * A purchase that got no answer is asked for again with the same id: it is made once.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { FileInfo, Status } from '../../../box/api/types.js';
import { hex } from '../model/letter.js';
import { newWords, openIdentity, readWords, type Identity } from '../model/identity.js';
import { pickLanguage, words, type Language, type Words } from '../model/words.js';
import { Refused, type Box, type Meter, type Offer } from './box.js';
import { createChat, type Chat } from './chat.js';

export type Tab = 'people' | 'internet' | 'money' | 'island' | 'me';

export interface StoreOptions {
  readonly box: Box;
  readonly disk: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly random: (octets: number) => Uint8Array;
  readonly languages: readonly string[];
}

export interface Store {
  readonly chat: Chat;
  readonly language: ReadonlySignal<Language>;
  readonly words: ReadonlySignal<Words>;
  readonly identity: ReadonlySignal<Identity | undefined>;
  /** A new person has not yet said that the twelve words are on paper. */
  readonly unwritten: ReadonlySignal<boolean>;
  readonly tab: ReadonlySignal<Tab>;
  readonly status: ReadonlySignal<Status | undefined>;
  readonly files: ReadonlySignal<readonly FileInfo[]>;
  /** Undefined: not known yet; null: this box sells no Internet. */
  readonly offer: ReadonlySignal<Offer | null | undefined>;
  readonly meter: ReadonlySignal<Meter | undefined>;
  readonly offline: ReadonlySignal<boolean>;
  readonly busy: ReadonlySignal<boolean>;
  readonly notice: ReadonlySignal<string | undefined>;
  begin(): void;
  refresh(): Promise<void>;
  onboard(name: string): void;
  /** False: the words are not right. */
  restore(typed: string, name: string): boolean;
  written(): void;
  forget(): void;
  speak(language: Language): void;
  open(tab: Tab): void;
  /** `says`: what to tell when it is bought. */
  buy(octets: number, says: string): Promise<void>;
}

const SAVED = {
  name: 'meshbox.name',
  words: 'meshbox.words',
  written: 'meshbox.written',
  language: 'meshbox.language',
  purchase: 'meshbox.purchase',
};

export function createStore({ box, disk, random, languages }: StoreOptions): Store {
  const saved = disk.getItem(SAVED.language);
  const language = signal<Language>(saved !== null && Object.hasOwn(words, saved) ? (saved as Language) : pickLanguage(languages));
  const identity = signal<Identity | undefined>(undefined);
  const unwritten = signal(false);
  const tab = signal<Tab>('people');
  const status = signal<Status | undefined>(undefined);
  const files = signal<readonly FileInfo[]>([]);
  const offer = signal<Offer | null | undefined>(undefined);
  const meter = signal<Meter | undefined>(undefined);
  const offline = signal(false);
  const busy = signal(false);
  const notice = signal<string | undefined>(undefined);
  const chat = createChat(box, disk, random, identity);
  const spoken = computed(() => words[language.value]);

  const settle = (name: string, mnemonic: string): void => {
    disk.setItem(SAVED.name, name);
    disk.setItem(SAVED.words, mnemonic);
    identity.value = openIdentity(name, mnemonic);
    void refresh();
  };
  /** Reads the meter; a phone that the box does not know at this address joins first. */
  const readMeter = async (): Promise<void> => {
    const me = identity.value;
    if (!me || !offer.value) return;
    try {
      meter.value = await box.meter();
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'not-bound') throw error;
      meter.value = await box.join(me, offer.value.box);
    }
  };
  const refresh = async (): Promise<void> => {
    try {
      status.value = await box.status();
      offer.value = await box.offer().catch((error: unknown) => {
        if (error instanceof Refused) return null;
        throw error;
      });
      await readMeter();
      await chat.refresh();
      if (tab.value === 'island') files.value = await box.files();
      offline.value = false;
    } catch (error) {
      if (error instanceof Refused) notice.value = `${spoken.value.somethingWrong} ${error.message}`;
      else offline.value = true;
    }
  };

  return {
    chat,
    language,
    words: spoken,
    identity,
    unwritten,
    tab,
    status,
    files,
    offer,
    meter,
    offline,
    busy,
    notice,
    refresh,
    begin() {
      const mnemonic = readWords(disk.getItem(SAVED.words) ?? '');
      if (mnemonic !== undefined) {
        identity.value = openIdentity(disk.getItem(SAVED.name) ?? '', mnemonic);
        unwritten.value = disk.getItem(SAVED.written) === null;
      }
      void refresh();
    },
    onboard(name) {
      unwritten.value = true;
      settle(name, newWords(random(16)));
    },
    restore(typed, name) {
      const mnemonic = readWords(typed);
      if (mnemonic === undefined) return false;
      disk.setItem(SAVED.written, 'yes');
      settle(name, mnemonic);
      return true;
    },
    written() {
      disk.setItem(SAVED.written, 'yes');
      unwritten.value = false;
    },
    forget() {
      for (const name of [SAVED.name, SAVED.words, SAVED.written, SAVED.purchase]) disk.removeItem(name);
      chat.forget();
      identity.value = undefined;
      meter.value = undefined;
      tab.value = 'people';
    },
    speak(wanted) {
      disk.setItem(SAVED.language, wanted);
      language.value = wanted;
    },
    open(wanted) {
      tab.value = wanted;
      notice.value = undefined;
      void refresh();
    },
    async buy(octets, says) {
      const me = identity.value;
      const from = offer.value?.box;
      if (!me || from === undefined || busy.value) return;
      busy.value = true;
      notice.value = undefined;
      // `octets id` of a purchase whose answer has not come: the next try for the same is the same purchase.
      const [open, known] = (disk.getItem(SAVED.purchase) ?? '').split(' ');
      const id = open === String(octets) && known !== undefined ? known : hex(random(16));
      disk.setItem(SAVED.purchase, `${octets} ${id}`);
      try {
        meter.value = await box.buy(me, from, id, octets);
        disk.removeItem(SAVED.purchase);
        notice.value = says;
      } catch (error) {
        if (!(error instanceof Refused)) offline.value = true;
        else {
          disk.removeItem(SAVED.purchase);
          notice.value = error.code === 'balance' ? spoken.value.notEnough : `${spoken.value.somethingWrong} ${error.message}`;
        }
      } finally {
        busy.value = false;
      }
    },
  };
}
