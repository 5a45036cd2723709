/** What the owner asks for passing payments on, and what may be gained without the chain: `channels/policy.json`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex } from 'viem';
import type { Channel } from '../../../firmware/core/channel/index.js';
import { Problem, systemCode, writeDurably } from '../../node/index.js';
import { hexOf } from './identity.js';
import { USUAL_DIVISOR } from './routes.js';

/** fee = constant + amount / percent, as Photon writes it: `percent` is a divisor, 0 is nothing. */
export interface Fee {
  readonly fee_constant: string;
  readonly fee_percent: string;
}

export interface Policy {
  readonly account_fee: Fee;
  readonly token_fee_map: Readonly<Record<string, Fee>>;
  readonly channel_fee_map: Readonly<Record<string, Fee>>;
  /** By token: of one peer, and of all. */
  readonly caps: Readonly<Record<string, { readonly peer: string; readonly total: string }>>;
}

const usual: Policy = {
  account_fee: { fee_constant: '0', fee_percent: String(USUAL_DIVISOR) },
  token_fee_map: {},
  channel_fee_map: {},
  caps: {},
};

const whole = (text: unknown): boolean => typeof text === 'string' && /^\d{1,38}$/.test(text);
const isFee = (fee: unknown): fee is Fee => {
  const { fee_constant: constant, fee_percent: percent } = (fee ?? {}) as Fee;
  return whole(constant) && whole(percent);
};

export class PolicyFile {
  readonly #file: string;
  policy: Policy;

  private constructor(file: string, policy: Policy) {
    this.#file = file;
    this.policy = policy;
  }

  static async open(folder: string): Promise<PolicyFile> {
    const file = join(folder, 'policy.json');
    try {
      return new PolicyFile(file, checked({ ...usual, ...(JSON.parse(await readFile(file, 'utf8')) as Policy) }, file));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new PolicyFile(file, usual);
      if (error instanceof Problem) throw error;
      throw new Problem('bad-request', `${file} is damaged`, 'Mend that file, or delete it: the usual fee is then asked.');
    }
  }

  async change(change: Partial<Policy>): Promise<Policy> {
    const policy = checked({ ...this.policy, ...change }, 'the policy');
    await writeDurably(this.#file, Buffer.from(JSON.stringify(policy, undefined, 2) + '\n'));
    this.policy = policy;
    return policy;
  }

  feeOf = ({ key, token }: Channel, amount: bigint): bigint => {
    const { channel_fee_map: channels, token_fee_map: tokens, account_fee: account } = this.policy;
    const fee = channels[`0x${key}`] ?? tokens[hexOf(token)] ?? account;
    const divisor = BigInt(fee.fee_percent);
    return BigInt(fee.fee_constant) + (divisor === 0n ? 0n : amount / divisor);
  };

  capsOf = (token: Uint8Array): { readonly peer: bigint; readonly total: bigint } | undefined => {
    const caps = this.policy.caps[hexOf(token) satisfies Hex];
    return caps && { peer: BigInt(caps.peer), total: BigInt(caps.total) };
  };
}

function checked(policy: Policy, where: string): Policy {
  const fees = [policy.account_fee, ...Object.values(policy.token_fee_map), ...Object.values(policy.channel_fee_map)];
  const caps = Object.values(policy.caps);
  if (fees.every(isFee) && caps.every(({ peer, total }) => whole(peer) && whole(total))) return policy;
  throw new Problem(
    'bad-request',
    `${where} holds a fee or a cap that is not a whole number of the token's smallest unit`,
    'Write fees as {"fee_constant": "5", "fee_percent": "10000"} (a ten-thousandth and 5), caps as {"peer": "100", "total": "1000"}.',
  );
}
