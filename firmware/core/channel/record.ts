/**
 * A channel as octets, for the store: fixed fields, then lists with their counts. The store vouches for the octets; a record of another version, or one
 * that does not end where it should, is refused as a whole.
 */
import { ByteWriter, CodedError, u16At, u32At } from '../base/index.js';
import { amountOf, putAmount } from './numbers.js';
import { keyOf, LOCK_STATES, PHASES, type Channel, type HandedIn, type Half, type Lock, type Waived } from './state.js';

const VERSION = 1;
/** Fixed fields and a half's, at most; a lock with route, secret, link and waiver; a sent proof with its head. */
const FIXED = 800;
const LOCK = 341;
const SENT = 16;
const PENALTY = 165;

export function encodeChannel(c: Channel): Uint8Array {
  let most = FIXED + LOCK * (c.mine.locks.length + c.theirs.locks.length) + PENALTY * c.penalties.length;
  for (const { payload } of c.outbox) most += SENT + payload.length;
  const w = new ByteWriter(new Uint8Array(most));
  w.u8(VERSION);
  w.bytes(c.id);
  w.bytes(c.token);
  w.bytes(c.peer.key);
  w.bytes(c.peer.address);
  w.bytes(c.peer.node);
  w.u32(c.settleTimeout);
  w.u32(c.openBlock);
  w.u8(PHASES.indexOf(c.phase) | (c.behind ? 0x80 : 0));
  w.u32(c.settleBlock);
  amount(w, c.deposit);
  amount(w, c.peerDeposit);
  amount(w, c.assured);
  count(w, c.handedIn);
  for (const { transferred, locksroot } of [c.known.mine, c.known.theirs]) {
    amount(w, transferred);
    w.bytes(locksroot);
  }
  half(w, c.mine);
  half(w, c.theirs);
  w.u8(c.outbox.length);
  for (const { nonce, payload } of c.outbox) {
    count(w, nonce);
    w.u16(payload.length);
    w.bytes(payload);
  }
  w.u8(c.penalties.length);
  for (const penalty of c.penalties) {
    waived(w, penalty);
    w.bytes(penalty.lockHash);
    w.bytes(penalty.hash);
    w.u32(penalty.expiryBlock);
  }
  const { agreement } = c;
  w.u8(agreement === undefined ? 0 : 1 + (agreement.ours ? 2 : 0) + (agreement.mine ? 4 : 0) + (agreement.theirs ? 8 : 0));
  if (agreement !== undefined) {
    amount(w, agreement.withdraw ?? 0n);
    if (agreement.mine) w.bytes(agreement.mine);
    if (agreement.theirs) w.bytes(agreement.theirs);
  }
  if (w.overflow) throw new CodedError('channel-record', `a record takes more than ${most} octets`);
  return w.written();
}

function half(w: ByteWriter, { nonce, transferred, locks, additional, signature }: Half): void {
  count(w, nonce);
  amount(w, transferred);
  w.bytes(additional);
  w.bytes(signature);
  w.u8(locks.length);
  for (const lock of locks) {
    count(w, lock.nonce);
    w.u32(lock.expiryBlock);
    w.u32(lock.expiryTime);
    amount(w, lock.amount);
    amount(w, lock.fee);
    amount(w, lock.earned);
    w.bytes(lock.hash);
    string(w, lock.origin);
    string(w, lock.route);
    w.u16(
      LOCK_STATES.indexOf(lock.state) |
        (lock.registered ? 0x08 : 0) |
        (lock.paid ? 0x100 : 0) |
        (lock.known ? 0x10 : 0) |
        (lock.secret ? 0x20 : 0) |
        (lock.waived ? 0x40 : 0) |
        (lock.from ? 0x80 : 0),
    );
    if (lock.secret) string(w, lock.secret);
    if (lock.waived) waived(w, lock.waived);
    if (lock.from) {
      for (let i = 0; i < 64; i += 2) w.u8(parseInt(lock.from.channel.slice(i, i + 2), 16));
      count(w, lock.from.nonce);
    }
  }
}

function waived(w: ByteWriter, { reason, additional, signature }: Waived): void {
  w.u8(reason);
  w.bytes(additional);
  w.bytes(signature);
}

function count(w: ByteWriter, value: number): void {
  w.u16(Math.floor(value / 2 ** 32));
  w.u32(value >>> 0);
}

function string(w: ByteWriter, octets: Uint8Array): void {
  w.u8(octets.length);
  w.bytes(octets);
}

function amount(w: ByteWriter, value: bigint): void {
  if (value === 0n) return w.u8(0);
  w.u8(16);
  putAmount(w.buffer, w.at, 16, value);
  w.at += 16;
}

/** Throws `channel-record` for octets that this version did not write. */
export function decodeChannel(octets: Uint8Array): Channel {
  const r = new Reader(octets);
  if (r.u8() !== VERSION) throw new CodedError('channel-record', 'a record is of another version');
  const id = r.bytes(32);
  const token = r.bytes(20);
  const peer = { key: r.bytes(33), address: r.bytes(20), node: r.bytes(8) };
  const settleTimeout = r.u32();
  const openBlock = r.u32();
  const phase = r.u8();
  const settleBlock = r.u32();
  const [deposit, peerDeposit, assured] = [r.amount(), r.amount(), r.amount()];
  const handedIn = r.count();
  const known = { mine: r.handedIn(), theirs: r.handedIn() };
  const [mine, theirs] = [r.half(), r.half()];
  const outbox = r.list(() => ({ nonce: r.count(), payload: r.bytes(r.u16()) }));
  const penalties = r.list(() => ({ ...r.waived(), lockHash: r.bytes(32), hash: r.bytes(32), expiryBlock: r.u32() }));
  const flags = r.u8();
  const withdraw = flags === 0 ? 0n : r.amount();
  const agreement =
    flags === 0
      ? undefined
      : {
          withdraw: withdraw === 0n ? undefined : withdraw,
          ours: (flags & 2) !== 0,
          mine: (flags & 4) !== 0 ? r.bytes(64) : undefined,
          theirs: (flags & 8) !== 0 ? r.bytes(64) : undefined,
        };
  r.end();
  return {
    key: keyOf(id),
    id,
    token,
    peer,
    settleTimeout,
    openBlock,
    phase: PHASES[phase & 0x7f]!,
    behind: (phase & 0x80) !== 0,
    settleBlock,
    deposit,
    peerDeposit,
    assured,
    known,
    handedIn,
    mine,
    theirs,
    outbox,
    penalties,
    agreement,
  };
}

class Reader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  bytes(length: number): Uint8Array {
    this.#at += length;
    if (this.#at > this.#octets.length) throw new CodedError('channel-record', 'a record is cut off');
    return this.#octets.slice(this.#at - length, this.#at);
  }

  u8 = (): number => this.bytes(1)[0]!;
  u16 = (): number => u16At(this.bytes(2), 0);
  u32 = (): number => u32At(this.bytes(4), 0);
  count = (): number => this.u16() * 2 ** 32 + this.u32();
  string = (): Uint8Array => this.bytes(this.u8());
  amount = (): bigint => amountOf(this.string());
  handedIn = (): HandedIn => ({ transferred: this.amount(), locksroot: this.bytes(32) });
  waived = (): Waived => ({ reason: this.u8(), additional: this.bytes(32), signature: this.bytes(64) });
  list = <T>(each: () => T): T[] => Array.from({ length: this.u8() }, each);

  half(): Half {
    const [nonce, transferred, additional, signature] = [this.count(), this.amount(), this.bytes(32), this.bytes(64)];
    return { nonce, transferred, additional, signature, locks: this.list(() => this.#lock()) };
  }

  end(): void {
    if (this.#at !== this.#octets.length) throw new CodedError('channel-record', 'a record is too long');
  }

  #lock(): Lock {
    const [nonce, expiryBlock, expiryTime, amount, fee, earned] = [
      this.count(),
      this.u32(),
      this.u32(),
      this.amount(),
      this.amount(),
      this.amount(),
    ];
    const [hash, origin, route] = [this.bytes(32), this.string(), this.string()];
    const flags = this.u16();
    return {
      nonce,
      expiryBlock,
      expiryTime,
      amount,
      fee,
      earned,
      hash,
      origin,
      route,
      state: LOCK_STATES[flags & 0x7]!,
      registered: (flags & 0x08) !== 0,
      paid: (flags & 0x100) !== 0,
      known: (flags & 0x10) !== 0,
      secret: (flags & 0x20) !== 0 ? this.string() : undefined,
      waived: (flags & 0x40) !== 0 ? this.waived() : undefined,
      from: (flags & 0x80) !== 0 ? { channel: keyOf(this.bytes(32)), nonce: this.count() } : undefined,
    };
  }
}
