/** What the owner decides about the uplink: `uplink.json` in the state folder. Without the file a box sells no Internet. */
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';
import type { GateRules, SlowLane } from './rules.js';

export interface Policy {
  readonly lan: string;
  readonly wan: string;
  /** Of the box on the phones' network. */
  readonly address: string;
  /** Addresses to lend to phones, `first,last`; absent: something else does. */
  readonly lend?: string;
  /** Name servers on the Internet; absent: the machine's own. */
  readonly servers?: readonly string[];
  /** Of 1,000,000 octets, in the token's smallest unit, decimal. */
  readonly pricePerMegabyte: string;
  readonly slowLane: SlowLane;
  /** Octets a second and phone. */
  readonly slowRate: number;
  /** Octets that the owner's plan allows in a period. */
  readonly cap?: number;
  readonly freeForAll: boolean;
  /** Local money beside the token: its name, and how much of the token's smallest unit one of it is worth, decimal. */
  readonly currency: { readonly name: string; readonly unit: string };
  /** Most cash paid in over 24 hours, in the token's smallest unit, decimal. */
  readonly dailyCash: string;
}

/** Ports of the portal and of the island's resolver on the box; nothing of Debian's uses them. */
export const PORTAL_PORT = 8481;
export const LOCAL_DNS_PORT = 8453;

/** Without a rate of the owner: the token itself, of 18 digits. */
const TOKEN = { name: 'MESH', unit: '1000000000000000000' };
/** The slow lane's 16 kB a second: a text page in seconds, a video never. */
const DEFAULTS = {
  currency: TOKEN,
  slowLane: 'customers',
  slowRate: 16_000,
  freeForAll: false,
  dailyCash: '1000000000000000000000',
} as const;

export function gateRules({ lan, wan, slowLane, slowRate, cap, freeForAll }: Policy): GateRules {
  return { lan, wan, slowLane, slowRate, cap, freeForAll, portalPort: PORTAL_PORT, localDnsPort: LOCAL_DNS_PORT };
}

/** The owner's policy, or undefined if there is none. Fails with a Problem `policy` that names the field. */
export async function readPolicy(state: string): Promise<Policy | undefined> {
  const file = policyFile(state);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new Problem(
      'policy',
      `${file} can't be read: ${messageOf(error)}`,
      'Correct it, or move it away: then the box sells no Internet.',
    );
  }
  return checkPolicy({ ...DEFAULTS, ...(value as object) }, file);
}

export async function storePolicy(state: string, policy: Policy): Promise<void> {
  await writeDurably(policyFile(state), Buffer.from(`${JSON.stringify(policy, undefined, 2)}\n`));
}

const policyFile = (state: string): string => join(state, 'uplink.json');

const isInterface = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(value);
const isAddress = (value: unknown): boolean => typeof value === 'string' && isIPv4(value);
const isAmount = (value: unknown): boolean => typeof value === 'string' && /^\d{1,60}$/.test(value);
const isOctets = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;

const fields: Readonly<Record<keyof Policy, readonly [(value: unknown) => boolean, string]>> = {
  lan: [isInterface, 'the name of a network interface'],
  wan: [isInterface, 'the name of a network interface'],
  address: [isAddress, 'an IPv4 address'],
  lend: [
    (value) => value === undefined || (typeof value === 'string' && value.split(',').length === 2 && value.split(',').every(isAddress)),
    'two IPv4 addresses, first,last',
  ],
  servers: [(value) => value === undefined || (Array.isArray(value) && value.every(isAddress)), 'a list of IPv4 addresses'],
  pricePerMegabyte: [isAmount, 'a whole number in quotes'],
  slowLane: [(value) => ['nobody', 'customers', 'everyone'].includes(String(value)), 'nobody, customers or everyone'],
  slowRate: [isOctets, 'octets a second'],
  cap: [(value) => value === undefined || isOctets(value), 'a number of octets'],
  freeForAll: [(value) => typeof value === 'boolean', 'true or false'],
  currency: [
    (value) => {
      const { name, unit } = (value ?? {}) as Partial<Policy['currency']>;
      return typeof name === 'string' && name.length > 0 && name.length <= 12 && isAmount(unit) && BigInt(unit!) > 0n;
    },
    'a name of at most 12 letters and a unit, a whole number in quotes',
  ],
  dailyCash: [isAmount, 'a whole number in quotes'],
};

export function checkPolicy(value: object, source: string): Policy {
  for (const name of Object.keys(value))
    if (!Object.hasOwn(fields, name))
      throw new Problem('policy', `${source} has an unknown field "${name}"`, `Known are ${Object.keys(fields).join(', ')}.`);
  for (const [name, [fits, what]] of Object.entries(fields))
    if (!fits((value as Record<string, unknown>)[name]))
      throw new Problem('policy', `"${name}" in ${source} is not ${what}`, `Give ${what}.`);
  return value as Policy;
}
