/** Commands of the owner who sells Internet: uplink, till. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Slip } from '../../box/till/index.js';
import { Problem } from '../../node/index.js';
import type { Exit } from '../exit-codes.js';
import { table } from '../output.js';
import type { Context } from '../program.js';

type InContext = <A extends unknown[]>(command: (context: Context, ...args: A) => Promise<Exit | void>) => (...args: A) => Promise<void>;

interface UplinkState {
  readonly pricePerMegabyte: string;
  readonly slowLane: string;
  readonly slowRate: number;
  readonly freeForAll: boolean;
  readonly cap?: number;
  readonly uplink: number;
  readonly refused: number;
}

interface Owned {
  readonly state: string;
}

export function registerUplink(program: Command, inContext: InContext): void {
  const state = ['--state <folder>', "the box's state folder: the owner's token is in it", '.state/box'] as const;
  program
    .command('uplink')
    .option(...state)
    .option('--price <amount>', "of a megabyte, in the token's smallest unit")
    .option('--slow-lane <who>', 'nobody, customers or everyone')
    .option('--free-for-all <switch>', 'on in an emergency: everybody, at full speed, free of charge; or off')
    .description('the Internet that the box sells; with an option, change how')
    .action(inContext(uplink));
  program
    .command('till')
    .argument('[what]', 'in: take cash and credit a phone; out: pay its balance in cash; open; close')
    .argument('[key]', "the phone's key, 66 hexadecimal digits")
    .argument('[amount]', "in the token's smallest unit")
    .option(...state)
    .description('what phones hold here, and the cash that changed hands')
    .action(inContext(till));
}

async function uplink({ api, out }: Context, options: Owned & { price?: string; slowLane?: string; freeForAll?: string }): Promise<void> {
  const { price, slowLane, freeForAll } = options;
  if (freeForAll !== undefined && freeForAll !== 'on' && freeForAll !== 'off')
    throw new Problem('usage', `"${freeForAll}" is neither on nor off`, 'Give --free-for-all on, or off.');
  const change = {
    ...(price !== undefined && { pricePerMegabyte: price }),
    ...(slowLane !== undefined && { slowLane }),
    ...(freeForAll !== undefined && { freeForAll: freeForAll === 'on' }),
  };
  if (Object.keys(change).length > 0) await api.request('PATCH', '/api/uplink/policy', change, await token(options));
  const state = await api.request<UplinkState>('GET', '/api/uplink');
  const lines = [
    state.freeForAll
      ? 'price      free for all: the owner has opened the uplink to everybody'
      : `price      ${state.pricePerMegabyte} a megabyte`,
    `slow lane  ${state.slowLane}, ${state.slowRate} octets a second and phone`,
    `carried    ${state.uplink} octets${state.cap === undefined ? '' : ` of ${state.cap}`}`,
    `refused    ${state.refused} packets`,
  ];
  out.answer(state, lines.join('\n'));
}

async function till(
  context: Context,
  what: string | undefined,
  key: string | undefined,
  amount: string | undefined,
  options: Owned,
): Promise<void> {
  switch (what) {
    case undefined:
      return showTill(context, options);
    case 'open':
    case 'close':
      await context.api.request('PUT', '/api/till/closed', { closed: what === 'close' }, await token(options));
      return context.out.answer({ closed: what === 'close' }, what === 'close' ? 'The till is closed.' : 'The till is open.');
    case 'in':
    case 'out':
      return book(context, what === 'in' ? 'cash-in' : 'cash-out', { key, amount }, options);
    default:
      throw new Problem('usage', `"${what}" is not what a till does`, '`meshbox till --help` lists it: in, out, open, close.');
  }
}

async function showTill({ api, out }: Context, options: Owned): Promise<void> {
  const { owed, slips } = await api.request<{ owed: string; slips: Slip[] }>('GET', '/api/till', undefined, await token(options));
  const rows = slips.map(({ at, kind, key, amount }) => [new Date(at).toISOString(), kind, `${key.slice(0, 16)}…`, amount]);
  const cash = rows.length === 0 ? 'No cash yet.' : table(['when', 'what', 'phone', 'amount'], rows);
  out.answer({ owed, slips }, `The phones hold ${owed} in all.\n${cash}`);
}

async function book(
  { api, out }: Context,
  kind: Slip['kind'],
  { key, amount }: { readonly key: string | undefined; readonly amount: string | undefined },
  options: Owned,
): Promise<void> {
  if (key === undefined || !/^0[23][0-9a-f]{64}$/.test(key))
    throw new Problem('usage', `"${key ?? ''}" is not a key`, 'The app shows it: 66 hexadecimal digits.');
  if (amount === undefined) throw new Problem('usage', 'no amount was given', "Give it after the key, in the token's smallest unit.");
  const slip = await api.request<Slip>(
    'POST',
    '/api/till/slips',
    { id: randomBytes(16).toString('hex'), key, kind, amount },
    await token(options),
  );
  out.answer(slip, `receipt ${slip.id}: ${kind === 'cash-in' ? 'took' : 'paid out'} ${slip.amount} for ${key.slice(0, 16)}…`);
}

async function token({ state }: Owned): Promise<string> {
  try {
    return (await readFile(join(state, 'owner.token'), 'latin1')).trim();
  } catch {
    throw new Problem(
      'owner-only',
      `the owner's token can't be read in ${state}`,
      "Name the box's state folder with --state, as its owner.",
    );
  }
}
