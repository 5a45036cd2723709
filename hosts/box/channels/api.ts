/**
 * Channels over HTTP, in the shape of Photon's /api/1: answers are {error_code, error_message, data}, amounts are decimal strings of the token's smallest unit.
 * Every request carries the owner's token: balances are nobody else's business.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Hex } from 'viem';
import { available, balance, exposure, exposureInWords, lockedIn, type Channel } from '../../../firmware/core/channel/index.js';
import { Problem } from '../../node/index.js';
import type { Owner } from '../owner.js';
import { SETTLE_TIMEOUT, type BoxChannels } from './box-channels.js';
import type { Result } from './engine.js';
import { hexOf, octetsOf } from './identity.js';
import type { Payment } from './ledger.js';
import { isAddress } from './network.js';
import type { Policy } from './policy.js';

/** Photon's numbers of the failures that it numbers; any other is 1. */
const CODES: Readonly<Record<string, number>> = { 'window-closed': 1023 };

const STATUS: Readonly<Record<string, number>> = {
  'bad-request': 400,
  'bad-address': 400,
  'owner-only': 403,
  'not-found': 404,
  'no-such-node': 404,
  'no-answer': 504,
};

export interface ChannelInfo {
  readonly channel_identifier: Hex;
  readonly open_block_number: number;
  readonly token_address: Hex;
  readonly partner_address: Hex;
  readonly partner_node: string;
  readonly balance: string;
  readonly partner_balance: string;
  readonly locked_amount: string;
  readonly partner_locked_amount: string;
  /** What can be paid now. */
  readonly available: string;
  readonly state_string: string;
  readonly settle_timeout: number;
  /** Gained since the chain was last in reach, and what that means. */
  readonly exposed: string;
  readonly exposed_in_words: string;
}

export interface Overview {
  readonly address: Hex;
  readonly key: Hex;
  readonly chain: string;
  readonly channels: readonly ChannelInfo[];
}

const bad = (message: string, remedy: string): Problem => new Problem('bad-request', message, remedy);

function addressOf(text: unknown, what: string): Hex {
  if (isAddress(text)) return text.toLowerCase() as Hex;
  throw bad(`${what} ${JSON.stringify(text)} is not an address`, 'An address is 0x and 40 hexadecimal digits.');
}

function amountOf(value: unknown): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === 'string' && /^\d{1,38}$/.test(text) && BigInt(text) > 0n) return BigInt(text);
  throw bad(
    `the amount ${JSON.stringify(value)} is not a whole number above 0`,
    "Amounts are in the token's smallest unit, without a point.",
  );
}

function hashOf(text: string): Uint8Array {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return octetsOf(text);
  throw bad(`"${text}" is not a hash`, 'A hash is 0x and 64 hexadecimal digits.');
}

export function channelRoutes(scope: FastifyInstance, box: BoxChannels, owner: Owner): void {
  scope.addHook('onRequest', async (request) => owner.check(request));
  scope.setErrorHandler((error: Error, _request, reply) => refuse(error, reply));

  const done = <T>(data: T): { error_code: 0; error_message: 'SUCCESS'; data: T } => ({ error_code: 0, error_message: 'SUCCESS', data });
  const get = (path: string, answer: (params: Record<string, string>) => unknown): void =>
    void scope.get<{ Params: Record<string, string> }>(`/api/1/${path}`, async ({ params }) => done(await answer(params)));
  type Body = Record<string, unknown>;
  const change = (method: 'PUT' | 'POST' | 'PATCH', path: string, answer: (params: Record<string, string>, body: Body) => unknown): void =>
    void scope.route<{ Params: Record<string, string>; Body: Body | null }>({
      method,
      url: `/api/1/${path}`,
      handler: async ({ params, body }) => done(await answer(params, body ?? {})),
    });
  const channel = (id: string): Channel => {
    const found = box.channels().find(({ key }) => `0x${key}` === id.toLowerCase());
    if (found) return found;
    throw new Problem('not-found', `there is no channel ${id} here`, '`meshbox channels` lists them.');
  };
  const info = (each: Channel): ChannelInfo => infoOf(each, box);
  const payments = (wanted: (payment: Payment) => boolean): Payment[] => box.ledger.payments().filter(wanted);

  get('address', () => ({ our_address: hexOf(box.self.address), public_key: hexOf(box.self.key) }));
  get('system-status', (): Overview => ({
    address: hexOf(box.self.address),
    key: hexOf(box.self.key),
    chain: box.chainInWords(),
    channels: box.channels().map(info),
  }));
  change('PUT', 'network', (_params, { rpc, contract, block_period: period }) => {
    if (typeof rpc !== 'string' || !/^https?:\/\//.test(rpc))
      throw bad('the address of the node is missing', 'Give rpc, for example http://127.0.0.1:8480/rpc.');
    return box.connect(rpc, addressOf(contract, 'the contract'), typeof period === 'number' && period > 0 ? Math.ceil(period) : 14);
  });
  get('channels', () => box.channels().map(info));
  get('channels/:channel', (params) => info(channel(params['channel']!)));
  get('tokens', () => [...new Set([...box.directory.tokens(), ...box.channels().map(({ token }) => hexOf(token))])]);
  get('tokens/:token/partners', ({ token }) =>
    box
      .channels()
      .filter((each) => hexOf(each.token) === token!.toLowerCase())
      .map(info),
  );
  get('balance/:token', async ({ token }) => {
    const address = addressOf(token, 'the token');
    const open = box.channels().filter((each) => hexOf(each.token) === address);
    const sum = (of: (each: Channel) => bigint): string => String(open.reduce((total, each) => total + of(each), 0n));
    return {
      token_address: address,
      balance_on_chain: String(await box.balance(address)),
      balance_in_photon: sum(balance),
      locked_amount: sum(({ mine }) => lockedIn(mine)),
    };
  });

  change('PUT', 'deposit', async (_params, body) => {
    const partner = String(body['partner_key'] ?? body['partner_address'] ?? '');
    const timeout = body['settle_timeout'] ?? SETTLE_TIMEOUT;
    if (!Number.isInteger(timeout) || (timeout as number) < 6 || (timeout as number) > 2_700_000)
      throw bad('the settle timeout is not 6 to 2,700,000 blocks', `Leave it out for ${SETTLE_TIMEOUT}.`);
    return {
      transaction: await box.deposit(addressOf(body['token_address'], 'the token'), partner, amountOf(body['balance']), timeout as number),
    };
  });
  change('PUT', 'withdraw/:channel', async (params, { amount }) =>
    accepted(await box.command('withdraw', channel(params['channel']!), { amount: amountOf(amount) })),
  );
  change('PUT', 'settle/:channel', async (params) => accepted(await box.command('settle', channel(params['channel']!))));
  change('PATCH', 'channels/:channel', async (params, { state, force }) => {
    if (state !== 'closed' && state !== 'settled')
      throw bad('state is neither closed nor settled', 'closed: without the partner, disputed on the chain; settled: with its consent.');
    return accepted(await box.command(state === 'closed' ? 'close' : 'settle', channel(params['channel']!), { force: force === true }));
  });

  change('POST', 'transfers/:token/:target', async (params, { amount, is_direct: direct, secret, data, held }) => {
    const text = data === undefined ? undefined : Buffer.from(String(data));
    if (text && text.length > 256) throw bad(`the data has ${text.length} octets`, 'A payment takes at most 256.');
    return payment(
      await box.pay({
        token: addressOf(params['token'], 'the token'),
        target: params['target']!,
        amount: amountOf(amount),
        ...(text && text.length > 0 ? { data: new Uint8Array(text) } : {}),
        ...(typeof secret === 'string' && secret !== '' ? { secret: hashOf(secret) } : {}),
        ...(held === true ? { held: true } : {}),
        ...(direct === false ? { direct: false } : {}),
      }),
    );
  });
  change('POST', 'transfers/allowrevealsecret', (_params, { lock_secret_hash: hash }) => box.allow(hashOf(String(hash))));
  change('POST', 'transfercancel/:token/:hash', (params) => box.cancel(hashOf(params['hash']!)));
  get('transferstatus/:token/:id', (params) => {
    const id = params['id']!.replace(/^0x/, '');
    const [found] = payments((each) => each.id === id);
    if (found) return found;
    throw new Problem('not-found', `there is no payment ${params['id']} here`, 'List them with GET /api/1/querysenttransfer.');
  });
  get('querysenttransfer', () => payments(({ state }) => state === 'pending' || state === 'paid' || state === 'failed'));
  get('queryreceivedtransfer', () => payments(({ state }) => state === 'received'));
  get('path/:target/:token/:amount', (params) => {
    const target = box.find(params['target']!);
    const routes = target ? box.routes(addressOf(params['token'], 'the token'), hexOf(target.address), amountOf(params['amount'])) : [];
    return routes.map(({ hops, fee }, i) => ({ path_id: i, path_hop: hops.length, fee: String(fee), result: hops }));
  });

  get('fee_policy', () => box.policy.policy);
  change('POST', 'fee_policy', (_params, body) => box.policy.change(body as Partial<Policy>));
  const income = (from: unknown, to: unknown): ReturnType<typeof box.ledger.income> =>
    box.ledger.income().filter(({ day }) => day >= String(from ?? '') && day <= String(to ?? '9999-12-31'));
  change('POST', 'income/days', (_params, { from_day: from, to_day: to }) => income(from, to));
  change('POST', 'income/details', () => payments(({ state }) => state === 'received' || state === 'forwarded'));
}

function infoOf(channel: Channel, box: BoxChannels): ChannelInfo {
  const total = channel.deposit + channel.peerDeposit;
  const exposed = exposure(channel);
  const cap = box.policy.capsOf(channel.token);
  return {
    channel_identifier: `0x${channel.key}`,
    open_block_number: channel.openBlock,
    token_address: hexOf(channel.token),
    partner_address: hexOf(channel.peer.address),
    partner_node: hexOf(channel.peer.node).slice(2),
    balance: String(balance(channel)),
    partner_balance: String(total - balance(channel)),
    locked_amount: String(lockedIn(channel.mine)),
    partner_locked_amount: String(lockedIn(channel.theirs)),
    available: String(available(channel)),
    state_string: channel.behind ? 'asking its partner' : channel.phase,
    settle_timeout: channel.settleTimeout,
    exposed: String(exposed),
    exposed_in_words: exposureInWords(exposed, cap?.peer),
  };
}

function accepted(result: Result): Result {
  if (result.outcome !== 'refused') return result;
  throw new Problem(
    'refused',
    `the channel can't do that now: ${result.reason}`,
    'payments-in-flight: try again when they have ended. channel-busy: it is being settled, paid out or closed.',
  );
}

const WHY: Readonly<Record<string, string>> = {
  'no-balance': 'Pay less, or add to the channel with `meshbox deposit`.',
  'no-clock': 'This box does not know the time: let it see the chain once.',
  'window-closed': 'This box was without the chain for half of the settlement window: bring it back to the Internet.',
  'too-long': 'The way is too long to be safe without the chain: choose a nearer payee, or bring the box back to the Internet.',
};

function payment(result: Result): Result {
  if (result.outcome !== 'refused' && result.outcome !== 'failed') return result;
  const reason = result.reason ?? 'no reason was given';
  throw new Problem(
    'refused',
    `the payment is ${result.outcome}: ${reason}`,
    WHY[reason] ?? 'Nothing was paid. Try again, or look at `meshbox channels`.',
  );
}

function refuse(error: Error, reply: FastifyReply): FastifyReply {
  const { code, message, remedy } =
    error instanceof Problem
      ? error
      : new Problem(
          (error as { statusCode?: number }).statusCode === 400 ? 'bad-request' : 'internal',
          error.message,
          'Compare the request with the README of hosts/box/channels.',
        );
  const reason = /: ([a-z-]+)$/.exec(message)?.[1] ?? code;
  return reply
    .code(STATUS[code] ?? (code === 'internal' ? 500 : 409))
    .send({ error_code: CODES[reason] ?? 1, error_message: message, data: null, error: { code, message, remedy } });
}
