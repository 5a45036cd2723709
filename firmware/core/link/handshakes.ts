/**
 * Handshakes with neighbours: XX at first contact, IK with one whose key is pinned. A few under way, one worked on at a time. Every message is
 * repeated until the next one answers it, and each side is sure before it lets go:
 *
 *   initiator   free -> waiting     message 0 sent
 *               waiting -> settled  message 1 read: the session is installed, message 2 sent (of IK: a tag under the new key) and kept for who asks again
 *               settled -> free     a while later, or its place is needed
 *   responder   free -> waiting     message 0 read, message 1 sent
 *               waiting -> free     message 2 read: the session is installed; a replayed message 0 never gets here, so it ends no session
 *   any         waiting -> free     no answer after all tries
 *
 * Two that call each other at once: the smaller id stays initiator. Forged messages cost work, bounded by an allowance, and leave no trace in a state.
 */
import { ByteWriter, concat, Ring, sameOctets, TokenBucket, u32At, type Millis, type Prng } from '../base/index.js';
import type { CryptoJob, Kernels } from '../ports/index.js';
import {
  decodeGreeting,
  decodeHandshake,
  encodeGreeting,
  encodeHandshake,
  ENVELOPE_OCTETS,
  envelopeCounter,
  envelopeFlow,
  GREETING_MAX,
  ROLES,
  type Handshake,
  type Role,
} from '../wire/index.js';
import { Drop, type Counters } from './counters.js';
import type { Discovery } from './discovery.js';
import { HandshakeState, HandshakeTable, MESSAGE_MOST } from './handshake-table.js';
import { LINK_KINDS } from './link-kind.js';
import type { Medium } from './medium.js';
import type { NeighbourTable } from './neighbour-table.js';
import { IK, Noise, XX, type Pattern } from './noise.js';
import type { Sessions } from './sessions.js';

/** "MeshBox link 1", the kind of link, the responder's id. */
const PROLOGUE = new Uint8Array([77, 101, 115, 104, 66, 111, 120, 32, 108, 105, 110, 107, 32, 49]);
/** The other end multiplies up to four points, 9 ms each on a board, and waits for the air. Doubles with each try, four times. */
const REPEAT = { least: 120, most: 240 };
const DOUBLINGS = 2;
/** A link that is good for anything carries one of so many; a poor one is called again, ever more rarely. */
const TRIES = 4;
/** A handshake that had so many tries gives its place to a newcomer. */
const GIVES_WAY_AFTER = 2;
const SETTLED = 4_000;
/** Before a station that did not answer is called again: from 1 s on, doubled each time up to about a minute. */
const AGAIN = { least: 700, most: 1300 };
const AGAIN_DOUBLINGS = 6;
/** Longer than a call takes with all its tries. */
const CALL_LASTS = 30_000;
/** Whoever calls us waits for our answer, not for our own call. */
const CALLED = 1_500;
/** Calls answered that come to nothing: 16 at once, 8 a second, a quarter of a board's processor. One that ends in a session is free. */
const ALLOWANCE = 16_000;
const ALLOWANCE_PER_MILLI = 8;
const CALL = 1_000;
const CONFIRM_NONCE = new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]);
const NOTHING: Uint8Array = new Uint8Array(0);
const SECRET = 32;
const GROUP = 32;
const BOOT = 4;
const TAG = 16;
/** Messages that arrive while another one is worked on. */
const WAITING = 4;

export interface HandshakesOptions {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  readonly prng: Prng;
  readonly counters: Counters;
  readonly neighbours: NeighbourTable;
  readonly sessions: Sessions;
  readonly discovery: Discovery;
  readonly handshakes: number;
}

export type CryptoEffect =
  { readonly type: 'want-random'; readonly octets: number } | { readonly type: 'crypto-job'; readonly job: CryptoJob };

interface Incoming {
  readonly medium: Medium;
  readonly from: Uint8Array;
  readonly bytes: Uint8Array;
}

type Phase = 'starting' | 'idle' | 'random' | 'public-key' | 'reading' | 'writing';

export class Handshakes {
  /** There is a group key: nothing is said before. */
  isReady = false;
  /** What has to be asked from outside; who takes it clears it. */
  effect: CryptoEffect | undefined;
  readonly #options: HandshakesOptions;
  readonly #table: HandshakeTable;
  readonly #noise: Noise;
  readonly #incoming = new Ring<Incoming>(WAITING);
  readonly #calls = new TokenBucket(ALLOWANCE, ALLOWANCE_PER_MILLI);
  readonly #keys = new Uint8Array(64);
  readonly #digest = new Uint8Array(32);
  #boot = 0;
  #phase: Phase = 'starting';
  /** What is worked on: a row and its medium; -1 if the row was given up meanwhile. */
  #row = -1;
  #medium: Medium | undefined;
  #step = 0;
  #secret = NOTHING;
  #attempt = 0;
  #now = 0;

  constructor(options: HandshakesOptions) {
    this.#options = options;
    this.#table = new HandshakeTable(options.handshakes);
    this.#noise = new Noise(options.kernels, options.publicKey, MESSAGE_MOST);
    this.effect = { type: 'want-random', octets: GROUP + BOOT };
  }

  /** Handshakes are under way, or were a moment ago. */
  get isShaking(): boolean {
    return this.#table.used > 0;
  }

  random(now: Millis, bytes: Uint8Array): void {
    this.#now = now;
    if (this.#phase === 'starting') {
      this.#options.sessions.setGroup(bytes.subarray(0, GROUP));
      this.#boot = u32At(bytes, GROUP);
      this.#phase = 'idle';
      this.isReady = true;
    } else if (this.#row < 0) this.#rest();
    else if (this.#phase === 'random') {
      this.#secret = bytes;
      this.#phase = 'public-key';
      this.#ask({ type: 'public-key', secret: bytes });
    }
  }

  answer(now: Millis, answer: Uint8Array | undefined): void {
    this.#now = now;
    if (this.#row < 0) this.#rest();
    else if (this.#phase === 'public-key') {
      if (answer === undefined) return this.#draw(this.#step);
      this.#write(this.#step, { secret: this.#secret, key: answer });
    } else if (this.#phase === 'reading' || this.#phase === 'writing') this.#advance(answer);
  }

  /** A handshake frame for us. */
  hear(now: Millis, medium: Medium, from: Uint8Array, bytes: Uint8Array): void {
    this.#now = now;
    if (!this.#incoming.push({ medium, from, bytes })) this.#options.counters.drop(Drop.HandshakesBusy);
  }

  /** Take up what waits: messages first, then stations to call. */
  work(now: Millis, mediumOf: (slot: number) => Medium): void {
    this.#now = now;
    while (this.#phase === 'idle') {
      const incoming = this.#incoming.shift();
      if (incoming !== undefined) this.#onMessage(incoming);
      else if (!this.#callDue(mediumOf)) return;
    }
  }

  /** A row whose message is to be sent on this medium now, or -1. */
  takeDue(now: Millis, medium: Medium): number {
    const table = this.#table;
    this.#now = now;
    for (let row = 0; row < table.capacity; row += 1) {
      if (table.state(row) === HandshakeState.Free || LINK_KINDS[table.kind(row)] !== medium.kind) continue;
      if (table.state(row) === HandshakeState.Settled && now - table.since(row) > SETTLED) this.#free(row);
      else if (table.due(row) !== 0 && table.due(row) <= now) {
        if (table.tries(row) < TRIES) return row;
        this.#giveUp(row);
      }
    }
    return -1;
  }

  /** Its station's address (6 octets), id (zeros if not known) and the attempt's number. */
  recipient(row: number): { readonly mac: Uint8Array; readonly id: Uint8Array; readonly attempt: number } {
    return { mac: this.#table.mac(row).slice(), id: this.#table.id(row), attempt: this.#table.attempt(row) };
  }

  writeMessage(w: ByteWriter, row: number): void {
    const table = this.#table;
    encodeHandshake(w, { pattern: table.isIk(row) ? 'ik' : 'xx', step: table.step(row), noise: table.message(row) });
    const tries = table.tries(row);
    table.setTries(row, tries + 1);
    const wait = this.#options.prng.between(REPEAT.least, REPEAT.most) << Math.min(tries, DOUBLINGS);
    table.setDue(row, table.state(row) === HandshakeState.Settled ? 0 : this.#now + wait);
  }

  /** When a message falls due on a medium. */
  messageDeadline(medium: Medium): number {
    const table = this.#table;
    let earliest = Number.MAX_SAFE_INTEGER;
    for (let row = 0; row < table.capacity; row += 1) {
      if (table.state(row) === HandshakeState.Free || LINK_KINDS[table.kind(row)] !== medium.kind) continue;
      const due = table.due(row);
      if (due !== 0 && due < earliest) earliest = due;
    }
    return earliest;
  }

  /** When the next station is to be called, or earlier. */
  callDeadline(): number {
    return this.#phase === 'idle' ? this.#options.neighbours.asksFrom : Number.MAX_SAFE_INTEGER;
  }

  /** The medium went down: what was under way on it is void. */
  drop(medium: Medium): void {
    for (let row = 0; row < this.#table.capacity; row += 1)
      if (this.#table.state(row) !== HandshakeState.Free && LINK_KINDS[this.#table.kind(row)] === medium.kind) this.#free(row);
  }

  /** A station whose time has come is called. False if there is none. */
  #callDue(mediumOf: (slot: number) => Medium): boolean {
    const { neighbours, prng } = this.#options;
    for (let slot = neighbours.dueCall(this.#now); slot >= 0; slot = neighbours.dueCall(this.#now)) {
      const medium = mediumOf(slot);
      const mac = neighbours.mac(slot);
      const row = this.#placeToCall(medium, mac);
      neighbours.setAskAt(slot, row < 0 ? this.#now + prng.between(REPEAT.least, REPEAT.most) : this.#now + CALL_LASTS);
      if (row < 0) continue;
      const isIk = neighbours.isPinned(slot);
      this.#attempt = (this.#attempt + 1) & 0xffff;
      this.#begin(row, medium, isIk, true, mac, neighbours.id(slot), this.#attempt);
      this.#noise.start(isIk ? IK : XX, this.#prologue(medium, neighbours.id(slot)), isIk ? neighbours.key(slot) : undefined);
      this.#draw(0);
      return true;
    }
    return false;
  }

  #onMessage({ medium, from, bytes }: Incoming): void {
    const table = this.#table;
    const message = decodeHandshake(bytes, ENVELOPE_OCTETS, bytes.length);
    if (typeof message === 'number') return this.#options.counters.drop(Drop.Malformed);
    const { step, noise } = message;
    const attempt = envelopeCounter(bytes, 0);
    const row = table.find(LINK_KINDS.indexOf(medium.kind), from);
    if (step === 0) return this.#onCall(medium, from, envelopeFlow(bytes, 0), attempt, row, message);
    // An answer to nobody's question: late, or made up.
    if (row < 0 || table.attempt(row) !== attempt || table.isInitiator(row) !== (step === 1)) return;
    if (table.state(row) === HandshakeState.Settled) return table.sendNow(row, this.#now);
    if (table.step(row) !== step - 1 || table.message(row).length === 0) return;
    this.#row = row;
    this.#medium = medium;
    this.#noise.state.set(table.noise(row));
    if (step === 2 && table.isIk(row)) this.#confirm(noise);
    else this.#read(step, noise);
  }

  #onCall(medium: Medium, from: Uint8Array, tag: number, attempt: number, row: number, { pattern, noise }: Handshake): void {
    const { id, neighbours, counters, publicKey } = this.#options;
    const table = this.#table;
    if (row >= 0 && table.state(row) === HandshakeState.Waiting) {
      // We called each other, or it did not hear our answer: ours is sent again.
      const again = table.isInitiator(row) ? table.step(row) === 0 && u32At(id, 0) < tag : table.attempt(row) === attempt;
      if (again) return table.sendNow(row, this.#now);
    }
    const place = row >= 0 ? row : this.#vacancy();
    if (place < 0 || this.#calls.wait(this.#now, CALL) > 0) return counters.drop(Drop.HandshakesBusy);
    this.#calls.spend(CALL);
    const slot = neighbours.findMac(medium.kind, from);
    if (slot >= 0 && neighbours.askAt(slot) !== 0) neighbours.setAskAt(slot, this.#now + CALLED);
    const isIk = pattern === 'ik';
    this.#begin(place, medium, isIk, false, from, undefined, attempt);
    this.#noise.start(isIk ? IK : XX, this.#prologue(medium, id), isIk ? publicKey : undefined);
    this.#read(0, noise);
  }

  #begin(
    row: number,
    medium: Medium,
    isIk: boolean,
    isInitiator: boolean,
    mac: Uint8Array,
    id: Uint8Array | undefined,
    attempt: number,
  ): void {
    this.#table.claim(row, this.#now, isIk, isInitiator, LINK_KINDS.indexOf(medium.kind), mac, id, attempt);
    this.#row = row;
    this.#medium = medium;
  }

  /** A message with an ephemeral key in it begins with chance. */
  #draw(step: number): void {
    this.#step = step;
    this.#phase = 'random';
    this.effect = { type: 'want-random', octets: SECRET };
  }

  #read(step: number, message: Uint8Array): void {
    this.#step = step;
    this.#phase = 'reading';
    this.#noise.read(this.#pattern(), step, message);
    this.#advance();
  }

  #write(step: number, ephemeral?: { readonly secret: Uint8Array; readonly key: Uint8Array }): void {
    this.#step = step;
    this.#phase = 'writing';
    const silent = step === 0 && !this.#table.isIk(this.#row);
    this.#noise.write(this.#pattern(), step, silent ? NOTHING : this.#greeting(), ephemeral);
    this.#advance();
  }

  #advance(shared?: Uint8Array): void {
    const step = this.#noise.step(shared);
    if (step === 'failed') this.#refuse(Drop.Forged);
    else if (step === 'done') {
      if (this.#phase === 'reading') this.#wasRead();
      else this.#wasWritten();
    } else if (step.own) this.#ask({ type: 'own-ecdh', peer: step.peer.slice() });
    else this.#ask({ type: 'ecdh', secret: this.#noise.ephemeral.slice(), peer: step.peer.slice() });
  }

  #wasRead(): void {
    const table = this.#table;
    const { id, kernels } = this.#options;
    const isIk = table.isIk(this.#row);
    if (isIk || this.#step > 0) {
      const greeting = decodeGreeting(this.#noise.output, 0, this.#noise.output.length);
      if (typeof greeting === 'number') return this.#refuse(Drop.Malformed);
      kernels.sha256(this.#digest, this.#noise.remoteStatic);
      const called = table.isInitiator(this.#row) ? table.id(this.#row) : undefined;
      const isOther = called !== undefined && !sameOctets(this.#digest, 0, called, 0, 8);
      if (isOther || sameOctets(this.#digest, 0, id, 0, 8)) return this.#refuse(Drop.Impostor);
      table.keepGreeting(this.#row, greeting.group, greeting.number, greeting.boot, ROLES.indexOf(greeting.role));
    }
    if (this.#step === 0) return this.#draw(1);
    if (this.#step === 1 && !isIk) return this.#write(2);
    this.#noise.split(this.#keys);
    if (!this.#install() || this.#step === 2) this.#free(this.#row);
    else this.#settle(this.#tag());
    this.#rest();
  }

  #wasWritten(): void {
    const table = this.#table;
    const row = this.#row;
    const ends = this.#step === (table.isIk(row) ? 1 : 2);
    if (ends) this.#noise.split(this.#keys);
    if (this.#step === 2) {
      if (this.#install()) this.#settle(this.#noise.output);
      else this.#free(row);
      return this.#rest();
    }
    table.keepMessage(row, this.#step, this.#noise.output);
    table.sendNow(row, this.#now);
    // The keys wait for the initiator's proof in the place of what is not needed any more.
    if (ends) this.#noise.state.set(this.#keys);
    table.noise(row).set(this.#noise.state);
    this.#rest();
  }

  /** IK's third message: the initiator read ours. */
  #confirm(tag: Uint8Array): void {
    this.#keys.set(this.#noise.state.subarray(0, 64));
    if (tag.length !== TAG || !sameOctets(tag, 0, this.#tag(), 0, TAG)) return this.#refuse(Drop.Forged);
    this.#install();
    this.#free(this.#row);
    this.#rest();
  }

  /** Made with the initiator's new sending key. */
  #tag(): Uint8Array {
    const tag = new Uint8Array(TAG);
    this.#options.kernels.aeadSeal(tag, this.#keys.subarray(0, 32), CONFIRM_NONCE, NOTHING, NOTHING);
    return tag;
  }

  /** The session begins. False if there is no place for the neighbour, or another one has it. */
  #install(): boolean {
    const { neighbours, sessions, discovery } = this.#options;
    const table = this.#table;
    const row = this.#row;
    const medium = this.#medium!;
    const known = neighbours.find(medium.kind, this.#digestOf(this.#noise.remoteStatic));
    const hadSession = known >= 0 && neighbours.isPinned(known);
    const slot = discovery.meet(this.#now as Millis, medium, table.mac(row), this.#noise.remoteStatic, ROLES[table.role(row)]!);
    if (slot < 0) return false;
    if (hadSession && sessions.boot(slot) !== table.boot(row)) neighbours.tellRestart(slot);
    const first = this.#keys.subarray(0, 32);
    const second = this.#keys.subarray(32);
    const keys = table.isInitiator(row) ? { send: first, receive: second } : { send: second, receive: first };
    sessions.install(slot, keys, table.group(row), table.boot(row), Math.floor(this.#now / 1000));
    neighbours.setAskAt(slot, 0);
    neighbours.setCalls(slot, 0);
    if (!table.isInitiator(row)) this.#calls.spend(-CALL);
    return true;
  }

  #settle(message: Uint8Array): void {
    this.#table.keepMessage(this.#row, 2, message);
    this.#table.settle(this.#row, this.#now);
    this.#table.sendNow(this.#row, this.#now);
  }

  /** The message came to nothing; the row is as it was before. */
  #refuse(why: Drop): void {
    this.#options.counters.drop(why);
    if (this.#table.message(this.#row).length === 0) this.#free(this.#row);
    this.#rest();
  }

  #rest(): void {
    this.#row = -1;
    this.#phase = 'idle';
    this.#secret = NOTHING;
  }

  #ask(job: CryptoJob): void {
    this.effect = { type: 'crypto-job', job };
  }

  /** Half of the rows are for those who call us. */
  #placeToCall(medium: Medium, mac: Uint8Array): number {
    const table = this.#table;
    const row = table.find(LINK_KINDS.indexOf(medium.kind), mac);
    if (row >= 0) return table.state(row) === HandshakeState.Settled || table.tries(row) >= GIVES_WAY_AFTER ? row : -1;
    let calls = 0;
    for (let each = 0; each < table.capacity; each += 1)
      if (table.state(each) === HandshakeState.Waiting && table.isInitiator(each) && table.tries(each) < GIVES_WAY_AFTER) calls += 1;
    return calls * 2 < table.capacity ? this.#vacancy() : -1;
  }

  #vacancy(): number {
    const table = this.#table;
    const row = table.vacancy((each) => table.state(each) === HandshakeState.Settled || table.tries(each) >= GIVES_WAY_AFTER);
    if (row >= 0 && table.state(row) !== HandshakeState.Free) this.#giveUp(row);
    return row;
  }

  /** waiting -> free; whom we called is called again some time, a neighbour that we have a session with when there is a new reason. */
  #giveUp(row: number): void {
    const { neighbours, prng } = this.#options;
    const table = this.#table;
    if (table.isInitiator(row) && table.state(row) === HandshakeState.Waiting) {
      const slot = neighbours.find(LINK_KINDS[table.kind(row)]!, table.id(row));
      if (slot >= 0) {
        const calls = neighbours.calls(slot);
        neighbours.setCalls(slot, Math.min(calls + 1, AGAIN_DOUBLINGS));
        neighbours.setAskAt(slot, neighbours.isPinned(slot) ? 0 : this.#now + (prng.between(AGAIN.least, AGAIN.most) << calls));
      }
    }
    this.#free(row);
  }

  #free(row: number): void {
    this.#table.free(row);
    if (row === this.#row) this.#row = -1;
  }

  #pattern(): Pattern {
    return this.#table.isIk(this.#row) ? IK : XX;
  }

  #greeting(): Uint8Array {
    const { sessions, role } = this.#options;
    const { key, counter } = sessions.group();
    const w = new ByteWriter(new Uint8Array(GREETING_MAX));
    encodeGreeting(w, { group: key, role, number: counter, boot: this.#boot });
    return w.written();
  }

  #prologue(medium: Medium, responder: Uint8Array): Uint8Array {
    return concat(PROLOGUE, new Uint8Array([LINK_KINDS.indexOf(medium.kind)]), responder);
  }

  #digestOf(key: Uint8Array): Uint8Array {
    this.#options.kernels.sha256(this.#digest, key);
    return this.#digest.subarray(0, 8);
  }
}
