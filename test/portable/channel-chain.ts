/** The settlement contract on paper: the rules of TokensNetwork that the channel machine relies on, for tests in virtual time. The real contract meets the machine in test/channel. */
import { hex } from '../../firmware/core/base/index.js';
import type { ChainEvent, Layouts, Peer, Transaction } from '../../firmware/core/channel/index.js';

/** As the fake signer makes them. */
export type CheckSignature = (key: Uint8Array, digest: Uint8Array, signature: Uint8Array) => boolean;

export const PERIOD = 14;
const PUNISH = 257;

interface Participant {
  readonly peer: Peer;
  deposit: bigint;
  transferred: bigint;
  root: Uint8Array;
  nonce: number;
  readonly unlocked: Set<string>;
}

interface PaperChannel {
  readonly id: Uint8Array;
  readonly token: Uint8Array;
  readonly timeout: number;
  openBlock: number;
  state: 'open' | 'closed' | 'gone';
  settleBlock: number;
  readonly parties: readonly [Participant, Participant];
}

type Submitted = { readonly from: Peer; readonly transaction: Transaction };

export class PaperChain {
  height = 1_000;
  readonly start: number;
  readonly channels = new Map<string, PaperChannel>();
  readonly secrets = new Map<string, number>();
  /** What was paid out, by address and token. */
  readonly paid = new Map<string, bigint>();
  readonly #layouts: Layouts;
  readonly #signed: CheckSignature;
  readonly #pool: Submitted[] = [];
  /** For each block, what happened in it, as each participant is told. */
  readonly #log: { readonly height: number; readonly tell: (self: Peer) => ChainEvent | undefined }[] = [];
  readonly reverted: string[] = [];

  constructor(layouts: Layouts, signed: CheckSignature, start: number) {
    this.#layouts = layouts;
    this.#signed = signed;
    this.start = start;
  }

  get time(): number {
    return this.start + this.height * PERIOD;
  }

  open(token: Uint8Array, a: Peer, aDeposit: bigint, b: Peer, bDeposit: bigint, timeout: number): string {
    this.height += 1;
    const id = this.#layouts.channelId(a.address, b.address, token);
    const part = (peer: Peer, deposit: bigint): Participant => ({
      peer,
      deposit,
      transferred: 0n,
      root: new Uint8Array(32),
      nonce: 0,
      unlocked: new Set(),
    });
    const channel: PaperChannel = {
      id,
      token,
      timeout,
      openBlock: this.height,
      state: 'open',
      settleBlock: 0,
      parties: [part(a, aDeposit), part(b, bDeposit)],
    };
    this.channels.set(hex(id), channel);
    this.#tell(channel, (self, peer) => ({
      type: 'opened',
      id,
      token,
      peer: peer.peer,
      openBlock: channel.openBlock,
      settleTimeout: timeout,
      deposit: self.deposit,
      peerDeposit: peer.deposit,
    }));
    return hex(id);
  }

  submit(from: Peer, transaction: Transaction): void {
    this.#pool.push({ from, transaction });
  }

  /** Mines; what was submitted goes into the first block. */
  mine(blocks: number): void {
    this.height += 1;
    for (const each of this.#pool.splice(0)) {
      const reason = this.#execute(each);
      if (reason !== undefined) this.reverted.push(`${each.transaction.call}: ${reason}`);
    }
    this.height += blocks - 1;
  }

  /** What a participant has not seen since a height. */
  since(self: Peer, height: number): ChainEvent[] {
    return this.#log.flatMap((each) => {
      const event = each.height > height ? each.tell(self) : undefined;
      return event ? [event] : [];
    });
  }

  #tell(channel: PaperChannel, event: (self: Participant, peer: Participant) => ChainEvent): void {
    const [a, b] = channel.parties;
    this.#log.push({ height: this.height, tell: (self) => (self === a.peer ? event(a, b) : self === b.peer ? event(b, a) : undefined) });
  }

  #execute({ from, transaction: t }: Submitted): string | undefined {
    if (t.call === 'register-secret') return this.#register(t.secret);
    const channel = [...this.channels.values()].find(
      ({ token, parties }) =>
        hex(token) === hex(t.token) &&
        parties.some(({ peer }) => peer === from) &&
        parties.some(({ peer }) => hex(peer.address) === hex(t.partner)),
    );
    if (channel === undefined) return 'no channel';
    const self = channel.parties.find(({ peer }) => peer === from)!;
    const other = channel.parties.find(({ peer }) => peer !== from)!;
    switch (t.call) {
      case 'close': {
        if (channel.state !== 'open') return 'not open';
        if (t.nonce > 0) {
          const wrong = this.#handIn(channel, other, t);
          if (wrong) return wrong;
        }
        channel.state = 'closed';
        channel.settleBlock = this.height + channel.timeout;
        const { settleBlock } = channel;
        const { transferred, root: locksroot } = other;
        return (
          this.#tell(channel, () => ({ type: 'closed', id: channel.id, closer: from.address, settleBlock, transferred, locksroot })),
          undefined
        );
      }
      case 'update': {
        if (channel.state !== 'closed' || this.height > channel.settleBlock) return 'not in the window';
        const wrong = this.#handIn(channel, other, t);
        if (wrong) return wrong;
        return (
          this.#tell(channel, () => ({
            type: 'updated',
            id: channel.id,
            payer: other.peer.address,
            transferred: t.transferred,
            locksroot: t.locksroot,
          })),
          undefined
        );
      }
      case 'unlock': {
        if (channel.state !== 'closed' || this.height > channel.settleBlock) return 'not in the window';
        const lockHash = this.#layouts.lockHash({ expiryBlock: t.expiryBlock, amount: t.amount, hash: t.hash });
        const registered = this.secrets.get(hex(t.hash));
        if (registered === undefined || registered > t.expiryBlock) return 'secret not registered in time';
        if (other.unlocked.has(`${other.nonce} ${hex(lockHash)}`)) return 'unlocked before';
        if (t.transferred !== other.transferred || hex(this.#rootOf(lockHash, t.proof)) !== hex(other.root)) return 'not in the locks root';
        other.unlocked.add(`${other.nonce} ${hex(lockHash)}`);
        other.transferred += t.amount;
        const { transferred } = other;
        this.#tell(channel, () => ({ type: 'unlocked', id: channel.id, payer: other.peer.address, lockHash, transferred }));
        return undefined;
      }
      case 'punish': {
        if (channel.state !== 'closed') return 'not closed';
        const digest = this.#layouts.disposedProof(channel, t.lockHash, t.additional);
        if (!this.#signed(other.peer.key, digest, t.signature)) return 'bad signature';
        if (!self.unlocked.has(`${self.nonce} ${hex(t.lockHash)}`)) return 'not unlocked';
        Object.assign(self, {
          deposit: self.deposit + other.deposit,
          transferred: 0n,
          root: new Uint8Array(32),
          nonce: Number.MAX_SAFE_INTEGER,
        });
        other.deposit = 0n;
        this.#tell(channel, () => ({ type: 'punished', id: channel.id, beneficiary: from.address }));
        return undefined;
      }
      case 'settle': {
        if (channel.state !== 'closed' || this.height <= channel.settleBlock + PUNISH) return 'too early';
        if (t.transferred !== self.transferred || t.partnerTransferred !== other.transferred) return 'other balances';
        if (hex(t.locksroot) !== hex(self.root) || hex(t.partnerLocksroot) !== hex(other.root)) return 'other locks root';
        const total = self.deposit + other.deposit;
        const raw = self.deposit + other.transferred - self.transferred;
        const mine = raw < 0n ? 0n : raw > total ? total : raw;
        return this.#end(channel, mine, total - mine, self, other);
      }
      case 'cooperative-settle': {
        if (channel.state !== 'open') return 'not open';
        if (t.balance + t.partnerBalance !== self.deposit + other.deposit) return 'not the total';
        const digest = this.#layouts.cooperativeSettle(channel, from.address, t.balance, other.peer.address, t.partnerBalance);
        if (!this.#signed(from.key, digest, t.signature) || !this.#signed(other.peer.key, digest, t.partnerSignature))
          return 'bad signature';
        return this.#end(channel, t.balance, t.partnerBalance, self, other);
      }
      case 'withdraw': {
        if (channel.state !== 'open') return 'not open';
        const total = self.deposit + other.deposit;
        if (t.amount <= 0n || t.amount > t.balance || t.balance > total) return 'bad amount';
        const digest = this.#layouts.withdraw(channel, from.address, t.balance, t.amount);
        if (!this.#signed(from.key, digest, t.signature) || !this.#signed(other.peer.key, digest, t.partnerSignature))
          return 'bad signature';
        self.deposit = t.balance - t.amount;
        other.deposit = total - t.balance;
        channel.openBlock = this.height;
        this.#pay(from, channel.token, t.amount);
        const { openBlock } = channel;
        const [a, b] = [self.deposit, other.deposit];
        this.#tell(channel, (me) => ({
          type: 'withdrawn',
          id: channel.id,
          openBlock,
          deposit: me === self ? a : b,
          peerDeposit: me === self ? b : a,
        }));
        return undefined;
      }
    }
  }

  #handIn(channel: PaperChannel, payer: Participant, t: Extract<Transaction, { call: 'close' | 'update' }>): string | undefined {
    if (t.nonce <= payer.nonce) return 'nonce does not grow';
    const digest = this.#layouts.balanceProof(channel, t, t.additional);
    if (!this.#signed(payer.peer.key, digest, t.signature)) return 'bad signature';
    Object.assign(payer, { transferred: t.transferred, root: t.locksroot, nonce: t.nonce });
    return undefined;
  }

  #rootOf(lockHash: Uint8Array, proof: Uint8Array): Uint8Array {
    let root = lockHash;
    for (let at = 0; at < proof.length; at += 32) root = this.#layouts.locksroot([root, proof.subarray(at, at + 32)]);
    return root;
  }

  #register(secret: Uint8Array): string | undefined {
    const key = hex(this.#layouts.secretHash(secret));
    if (this.secrets.has(key) || secret.every((octet) => octet === 0)) return 'zero or there already';
    this.secrets.set(key, this.height);
    const block = this.height;
    this.#log.push({ height: block, tell: () => ({ type: 'secret', secret, block }) });
    return undefined;
  }

  #end(channel: PaperChannel, mine: bigint, theirs: bigint, self: Participant, other: Participant): undefined {
    channel.state = 'gone';
    this.#pay(self.peer, channel.token, mine);
    this.#pay(other.peer, channel.token, theirs);
    this.#tell(channel, () => ({ type: 'settled', id: channel.id }));
  }

  #pay({ address }: Peer, token: Uint8Array, amount: bigint): void {
    const key = `${hex(address)} ${hex(token)}`;
    this.paid.set(key, (this.paid.get(key) ?? 0n) + amount);
  }
}
