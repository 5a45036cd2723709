/** Letters on the phone: fetched and opened, sealed and sent, kept on its disk. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { createCurveKernels, createKernels } from '../../../../firmware/core/crypto/index.js';
import type { Identity } from '../model/identity.js';
import { hex, openLetter, personOf, sealLetter, unhex } from '../model/letter.js';
import type { Letter, Person } from '../model/people.js';
import { Refused, type Box } from './box.js';

export interface Chat {
  /** Everybody one can write to, those with the newest letter first. */
  readonly people: ReadonlySignal<readonly Person[]>;
  readonly letters: ReadonlySignal<readonly Letter[]>;
  /** This person's own entry, once the box is known. */
  readonly me: ReadonlySignal<Person | undefined>;
  readonly unread: ReadonlySignal<number>;
  refresh(): Promise<void>;
  add(person: Person): void;
  /** False: it is too long. */
  send(to: Person, text: string): Promise<boolean>;
  /** The letters of a person are on the screen. */
  show(key: string): void;
  forget(): void;
}

interface Saved {
  readonly letters: readonly Letter[];
  readonly contacts: readonly Person[];
  /** Number of the newest letter of each box. */
  readonly after: Readonly<Record<string, number>>;
  /** Letters that were on the screen and of which the box does not know it. */
  readonly unsaid: readonly string[];
}

const SAVED = 'meshbox.letters';
/** Letters a phone keeps: 1,000 of a few hundred letters fit its browser's 5 MB. */
const KEPT = 1_000;
const kernels = { hashes: createKernels(), curve: createCurveKernels() };

export function createChat(
  box: Box,
  disk: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
  random: (octets: number) => Uint8Array,
  identity: ReadonlySignal<Identity | undefined>,
): Chat {
  const nothing: Saved = { letters: [], contacts: [], after: {}, unsaid: [] };
  const saved = signal<Saved>({ ...nothing, ...(JSON.parse(disk.getItem(SAVED) ?? '{}') as Partial<Saved>) });
  const here = signal<readonly Person[]>([]);
  const session = signal<{ readonly token: string; readonly box: string } | undefined>(undefined);
  const keep = (next: Partial<Saved>): void => {
    saved.value = { ...saved.value, ...next };
    saved.value = { ...saved.value, letters: saved.value.letters.slice(-KEPT) };
    disk.setItem(SAVED, JSON.stringify(saved.value));
  };
  const me = computed(() => {
    const own = identity.value;
    return own && session.value && { key: own.key, box: session.value.box, name: own.name };
  });
  const people = computed(() => {
    const known = new Map<string, Person>();
    for (const person of [...here.value, ...saved.value.contacts]) if (person.key !== identity.value?.key) known.set(person.key, person);
    const newest = (key: string): number =>
      saved.value.letters.reduce((at, letter) => (letter.with === key ? Math.max(at, letter.at) : at), 0);
    return [...known.values()].sort((a, b) => newest(b.key) - newest(a.key) || (a.name < b.name ? -1 : 1));
  });
  const addContact = (person: Person): void => {
    const known = saved.value.contacts.find(({ key }) => key === person.key);
    if (known?.box === person.box) return;
    keep({ contacts: [...saved.value.contacts.filter(({ key }) => key !== person.key), { ...person, name: known?.name ?? person.name }] });
  };
  /** A box that has been started again has forgotten our session: once more with a new one. */
  const inSession = async <T>(own: Identity, ask: (token: string) => Promise<T>): Promise<T> => {
    session.value ??= await box.openPost(own);
    try {
      return await ask(session.value.token);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'no-session') throw error;
      session.value = await box.openPost(own);
      return ask(session.value.token);
    }
  };

  return {
    people,
    letters: computed(() => saved.value.letters),
    me,
    unread: computed(() => saved.value.letters.filter(({ mine, state }) => !mine && state !== 'read').length),
    add: addContact,
    async refresh() {
      const own = identity.value;
      if (!own) return;
      session.value ??= await box.openPost(own);
      const mail = await inSession(own, (token) => box.mail(token, saved.value.after[session.value!.box] ?? 0));
      here.value = mail.people;
      const letters = new Map(saved.value.letters.map((letter) => [letter.id, letter]));
      let newest = saved.value.after[session.value!.box] ?? 0;
      for (const { id, number, sealed } of mail.letters) {
        newest = Math.max(newest, number);
        const opened = openLetter(
          kernels,
          own,
          id,
          Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0)),
        );
        if (!opened || letters.has(id)) continue;
        const { writer, content } = opened;
        addContact({ key: hex(writer), box: content.box, name: content.name });
        letters.set(id, { id, with: hex(writer), mine: false, text: content.text, at: Date.now(), state: 'fetched' });
      }
      for (const { id, state } of mail.sent) {
        const letter = letters.get(id);
        if (letter?.mine && letter.state !== state) letters.set(id, { ...letter, state });
      }
      const { unsaid } = saved.value;
      if (mail.letters.length > 0 || [...letters.values()].some((letter) => !saved.value.letters.includes(letter)))
        keep({ letters: [...letters.values()], after: { ...saved.value.after, [session.value!.box]: newest } });
      if (unsaid.length === 0) return;
      await inSession(own, (token) => box.haveRead(token, unsaid));
      keep({ unsaid: saved.value.unsaid.filter((id) => !unsaid.includes(id)) });
    },
    async send(to, text) {
      const own = identity.value!;
      session.value ??= await box.openPost(own);
      const id = hex(random(16));
      const at = Date.now();
      const reader = unhex(to.key);
      const sealed = sealLetter(kernels, own, reader, id, { name: own.name, box: session.value.box, text, at }, random(32));
      if (!sealed) return false;
      addContact(to);
      const letter: Letter = { id, with: to.key, mine: true, text, at, state: 'queued' };
      const body = { id, box: to.box, person: personOf(kernels.hashes, reader), sealed: btoa(String.fromCharCode(...sealed)) };
      const { state } = await inSession(own, (token) => box.post(token, body));
      keep({ letters: [...saved.value.letters, { ...letter, state }] });
      return true;
    },
    show(key) {
      const fresh = saved.value.letters
        .filter((letter) => letter.with === key && !letter.mine && letter.state !== 'read')
        .map(({ id }) => id);
      if (fresh.length === 0) return;
      keep({
        letters: saved.value.letters.map((letter) => (fresh.includes(letter.id) ? { ...letter, state: 'read' as const } : letter)),
        unsaid: [...saved.value.unsaid, ...fresh],
      });
    },
    forget() {
      disk.removeItem(SAVED);
      saved.value = nothing;
      session.value = undefined;
    },
  };
}
