/** What a tool waits for: filters that it polls, and subscriptions that are pushed to it (eth_newFilter, eth_subscribe). */
import { randomBytes } from 'node:crypto';
import type { Chain } from '../chain.js';
import type { TreeNode } from '../consensus/index.js';
import { fits, type LogQuestion } from './logs.js';
import { headerOf, logsOf, octets, RpcError, transactionOf, type Log } from './values.js';

/** A filter that nobody polls for so long is forgotten (5 minutes, as in go-ethereum). */
const IDLE = 5 * 60_000;
/** Filters and subscriptions together, and what one of them keeps unread. */
const FEEDS = 256;
const UNREAD = 10_000;

type Wish =
  | { readonly kind: 'logs'; readonly question: LogQuestion }
  | { readonly kind: 'blocks' }
  | { readonly kind: 'heads' }
  | { readonly kind: 'transactions'; readonly full: boolean };

interface Feed {
  readonly wish: Wish;
  /** Pushed to, or polled. */
  readonly push: ((value: unknown) => void) | undefined;
  readonly unread: unknown[];
  used: number;
}

export class Feeds {
  readonly #chain: Chain;
  readonly #feeds = new Map<string, Feed>();
  readonly #unlisten: () => void;

  constructor(chain: Chain) {
    this.#chain = chain;
    this.#unlisten = chain.listen({
      head: (_head, left, entered) => this.#onHead(left, entered),
      transaction: (transaction) => {
        for (const feed of this.#feeds.values())
          if (feed.wish.kind === 'transactions') this.#give(feed, feed.wish.full ? transactionOf(transaction) : octets(transaction.hash()));
      },
    });
  }

  stop(): void {
    this.#unlisten();
    this.#feeds.clear();
  }

  open(wish: Wish, push?: (value: unknown) => void): string {
    const now = Date.now();
    for (const [id, feed] of this.#feeds) if (!feed.push && now - feed.used > IDLE) this.#feeds.delete(id);
    if (this.#feeds.size >= FEEDS) throw new RpcError(-32005, `there are ${FEEDS} filters and subscriptions already`);
    const id = octets(randomBytes(16));
    this.#feeds.set(id, { wish, push, unread: [], used: now });
    return id;
  }

  close(id: string): boolean {
    return this.#feeds.delete(id);
  }

  /** What came since the last time. */
  changes(id: string): unknown[] {
    const feed = this.#polled(id);
    return feed.unread.splice(0);
  }

  /** The question of a filter for logs. */
  question(id: string): LogQuestion {
    const { wish } = this.#polled(id);
    if (wish.kind !== 'logs') throw new RpcError(-32000, 'the filter is not one for logs');
    return wish.question;
  }

  #polled(id: string): Feed {
    const feed = this.#feeds.get(id);
    if (!feed || feed.push) throw new RpcError(-32000, 'filter not found');
    feed.used = Date.now();
    return feed;
  }

  #give(feed: Feed, value: unknown): void {
    if (feed.push) feed.push(value);
    else if (feed.unread.length < UNREAD) feed.unread.push(value);
  }

  #onHead(left: readonly TreeNode[], entered: readonly TreeNode[]): void {
    if (this.#feeds.size === 0) return;
    const logs = (nodes: readonly TreeNode[], removed: boolean): Log[] =>
      nodes.flatMap((node) => logsOf(this.#chain.payload(node), this.#chain.receipts(node.hash), removed).flat());
    const all = [...logs(left, true), ...logs(entered, false)];
    for (const feed of this.#feeds.values()) {
      const { wish } = feed;
      if (wish.kind === 'logs') for (const log of all) if (fits(wish.question, log)) this.#give(feed, log);
      if (wish.kind === 'blocks') for (const { header } of entered) this.#give(feed, octets(header.payload));
      if (wish.kind === 'heads') for (const node of entered) this.#give(feed, headerOf(this.#chain.payload(node)));
    }
  }
}
