/** Commands of the owner about money: channels, deposit, pay, withdraw, settle, income. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ChannelInfo, Income, Overview, Payment, Result } from '../../box/channels/index.js';
import { Problem } from '../../node/index.js';
import { Exit } from '../exit-codes.js';
import { table } from '../output.js';
import type { Context } from '../program.js';

type InContext = <A extends unknown[]>(command: (context: Context, ...args: A) => Promise<Exit | void>) => (...args: A) => Promise<void>;

interface Owned {
  readonly state: string;
}

const AMOUNT = "in the token's smallest unit";
const CHANNEL = 'channel identifier, or the unique beginning of one';
const PARTY = 'address, node id, or whole key (66 digits) of somebody never met';

export function registerChannels(program: Command, inContext: InContext): void {
  const state = ['--state <folder>', "the box's state folder: the owner's token is in it", '.state/box'] as const;
  const channels = program
    .command('channels')
    .option(...state)
    .description('payment channels: what they hold, what is at risk without the chain')
    .action(inContext(show));
  channels
    .command('connect')
    .requiredOption('--contract <address>', 'the TokensNetwork contract')
    .option('--rpc <url>', "JSON-RPC of the chain (default: the box's own)")
    .option('--block-period <seconds>', 'between blocks', '14')
    .description('say which chain and contract the channels are of; once for a box')
    .action(
      inContext((context, options: { contract: string; rpc?: string; blockPeriod: string }) =>
        connect(context, { rpc: `${program.opts<{ api: string }>().api}/rpc`, ...options, ...channels.opts<Owned>() }),
      ),
    );
  program
    .command('deposit')
    .argument('<partner>', PARTY)
    .argument('<token>', "the token's address")
    .argument('<amount>', AMOUNT)
    .option('--settle-timeout <blocks>', 'how long a dispute may last; half of it is how long you can be paid without the chain')
    .option(...state)
    .description('open a channel, or add to it')
    .action(inContext(deposit));
  program
    .command('pay')
    .argument('<payee>', PARTY)
    .argument('<token>', "the token's address")
    .argument('<amount>', AMOUNT)
    .option('--data <text>', 'for the payee, at most 256 octets')
    .option(...state)
    .description('pay through channels, with or without the Internet')
    .action(inContext(pay));
  program
    .command('withdraw')
    .argument('<channel>', CHANNEL)
    .argument('<amount>', AMOUNT)
    .option(...state)
    .description('be paid out of a channel, with the consent of its partner')
    .action(inContext(withdraw));
  program
    .command('settle')
    .argument('<channel>', CHANNEL)
    .option('--alone', 'without the partner: it has the settlement window to object')
    .option('--force', 'with --alone, although the partner may hold newer proofs: what they prove is lost')
    .option(...state)
    .description('end a channel and be paid out')
    .action(inContext(settle));
  program
    .command('income')
    .option(...state)
    .description('what came in, by day and kind')
    .action(inContext(income));
}

async function show({ api, out }: Context, options: Owned): Promise<void> {
  const found = await ask<Overview>(api, 'GET', 'system-status', undefined, options);
  const head = [`address  ${found.address}`, `key      ${found.key}`, `chain    ${found.chain}`];
  const rows = found.channels.map((each) => [
    each.channel_identifier.slice(0, 12),
    each.partner_node,
    each.state_string,
    each.available,
    each.balance,
    each.partner_balance,
  ]);
  const risks = found.channels
    .filter(({ exposed }) => exposed !== '0')
    .map((each) => `${each.channel_identifier.slice(0, 12)}: ${each.exposed_in_words}`);
  const list =
    rows.length === 0
      ? 'No channels yet; `meshbox deposit` opens one.'
      : table(['channel', 'partner', 'state', 'can pay', 'ours', 'theirs'], rows);
  out.answer(found, [...head, '', list, ...risks].join('\n'));
}

async function connect({ api, out }: Context, options: Owned & { contract: string; rpc: string; blockPeriod: string }): Promise<void> {
  const body = { contract: options.contract, rpc: options.rpc, block_period: Number(options.blockPeriod) };
  const network = await ask<{ chainId: number; contract: string }>(api, 'PUT', 'network', body, options);
  out.answer(network, `channels are of ${network.contract} on chain ${network.chainId}`);
}

async function deposit(
  { api, out }: Context,
  partner: string,
  token: string,
  amount: string,
  options: Owned & { settleTimeout?: string },
): Promise<void> {
  const timeout = options.settleTimeout === undefined ? {} : { settle_timeout: Number(options.settleTimeout) };
  const body = { partner_address: partner, token_address: token, balance: amount, ...timeout };
  const found = await ask<{ transaction: string }>(api, 'PUT', 'deposit', body, options);
  out.answer(found, `${amount} deposited by transaction ${found.transaction}; the channel can be used once that block is final`);
}

async function pay({ api, out }: Context, payee: string, token: string, amount: string, options: Owned & { data?: string }): Promise<Exit> {
  const body = { amount, ...(options.data === undefined ? {} : { data: options.data }) };
  const result = await ask<Result>(api, 'POST', `transfers/${encodeURIComponent(token)}/${encodeURIComponent(payee)}`, body, options);
  const paid = result.outcome === 'paid';
  out.answer(
    result,
    paid
      ? `${amount} paid to ${payee}`
      : `on its way to ${payee}, but nothing came back in time: it may still arrive (payment ${result.id})`,
  );
  return paid ? Exit.Ok : Exit.Unknown;
}

async function withdraw({ api, out }: Context, id: string, amount: string, options: Owned): Promise<void> {
  const channel = await resolve(api, id, options);
  const result = await ask<Result>(api, 'PUT', `withdraw/${channel}`, { amount }, options);
  out.answer(result, `asked the partner of ${channel} for its consent to pay out ${amount}; the chain does the rest`);
}

async function settle({ api, out }: Context, id: string, options: Owned & { alone?: boolean; force?: boolean }): Promise<void> {
  const channel = await resolve(api, id, options);
  const body = { state: options.alone ? 'closed' : 'settled', force: options.force === true };
  const result = await ask<Result>(api, 'PATCH', `channels/${channel}`, body, options);
  out.answer(
    result,
    options.alone
      ? `${channel} is being closed; it is settled after the settlement window`
      : `asked the partner of ${channel} for its consent to end it`,
  );
}

async function income({ api, out }: Context, options: Owned): Promise<void> {
  const [days, details] = [
    await ask<Income[]>(api, 'POST', 'income/days', {}, options),
    await ask<Payment[]>(api, 'POST', 'income/details', {}, options),
  ];
  const rows = days.map(({ day, kind, count, amount, token }) => [day, kind, count, amount, token]);
  out.answer({ days, details }, rows.length === 0 ? 'Nothing came in yet.' : table(['day', 'kind', 'payments', 'amount', 'token'], rows));
}

async function resolve(api: Context['api'], id: string, options: Owned): Promise<string> {
  const all = await ask<ChannelInfo[]>(api, 'GET', 'channels', undefined, options);
  const wanted = `0x${id.toLowerCase().replace(/^0x/, '')}`;
  const [found, another] = all.filter((each) => each.channel_identifier.startsWith(wanted));
  if (found && !another) return found.channel_identifier;
  throw new Problem(
    'not-found',
    found ? `more than one channel begins with ${id}` : `no channel begins with ${id}`,
    '`meshbox channels` lists them.',
  );
}

/** An answer of /api/1 without its envelope, as the owner. */
async function ask<T>(api: Context['api'], method: string, path: string, body: unknown, { state }: Owned): Promise<T> {
  const file = join(state, 'owner.token');
  const token = await readFile(file, 'latin1').catch(() => {
    throw new Problem(
      'usage',
      `${file} cannot be read: only the owner may see and move money`,
      "Name the box's state folder with --state.",
    );
  });
  return (await api.request<{ data: T }>(method, `/api/1/${path}`, body, token.trim())).data;
}
