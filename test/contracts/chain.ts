/** A chain in this process with the EVM rules of a chosen fork: every transaction is a block of its own at a height that the test sets. */
import { createBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createLegacyTx } from '@ethereumjs/tx';
import { Account, bytesToHex, createAddressFromPrivateKey, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { decodeErrorResult, decodeEventLog, encodeFunctionData, decodeFunctionResult, encodeDeployData, type Abi, type Hex } from 'viem';

export { Hardfork };

export interface Receipt {
  readonly gas: number;
  /** Undefined if the transaction was reverted. */
  readonly created: Hex | undefined;
  /** The error's name, `revert` for one without, or undefined if it went through. */
  readonly error: string | undefined;
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex }[];
}

export type Deployed = Receipt & { readonly created: Hex };

/** What a test asks of an EVM. A transaction is mined at `height`, or above it if that block is there already. */
export interface Chain {
  height: bigint;
  transact(key: Hex, to: Hex | undefined, data: Hex, abi: Abi, value?: bigint): Promise<Receipt>;
  /** The value that a view function answers. */
  read(to: Hex, abi: Abi, functionName: string, args: readonly unknown[]): Promise<unknown>;
  deploy(key: Hex, artifact: { abi: readonly unknown[]; bytecode: Hex }, args: readonly unknown[]): Promise<Deployed>;
}

export class TestChain implements Chain {
  readonly #vm: VM;
  readonly #common: Common;
  readonly #nonces = new Map<Hex, bigint>();
  height = 1n;
  time = 1_800_000_000n;

  private constructor(vm: VM, common: Common) {
    this.#vm = vm;
    this.#common = common;
  }

  static async create(hardfork: Hardfork): Promise<TestChain> {
    const common = new Common({ chain: Mainnet, hardfork });
    return new TestChain(await createVM({ common }), common);
  }

  async transact(key: Hex, to: Hex | undefined, data: Hex, abi: Abi, value = 0n): Promise<Receipt> {
    const sender = createAddressFromPrivateKey(hexToBytes(key));
    const nonce = this.#nonces.get(key) ?? 0n;
    if (nonce === 0n) await this.#vm.stateManager.putAccount(sender, new Account(0n, 10n ** 30n));
    this.#nonces.set(key, nonce + 1n);
    const tx = createLegacyTx(
      { nonce, gasPrice: 10n ** 9n, gasLimit: 12_000_000n, data, value, ...(to === undefined ? {} : { to: createAddressFromString(to) }) },
      { common: this.#common },
    ).sign(hexToBytes(key));
    const block = createBlock(
      {
        header: {
          number: this.height,
          timestamp: this.time,
          gasLimit: 30_000_000n,
          ...(this.#common.isActivatedEIP(1559) ? { baseFeePerGas: 7n } : {}),
        },
      },
      { common: this.#common, setHardfork: false },
    );
    const { execResult, totalGasSpent, createdAddress } = await runTx(this.#vm, { tx, block, skipBlockGasLimitValidation: true });
    const failed = execResult.exceptionError !== undefined;
    return {
      gas: Number(totalGasSpent),
      created: failed || createdAddress === undefined ? undefined : (createdAddress.toString() as Hex),
      error: failed ? errorName(abi, bytesToHex(execResult.returnValue)) : undefined,
      logs: (execResult.logs ?? []).map(([address, topics, octets]) => ({
        address: bytesToHex(address),
        topics: topics.map((topic) => bytesToHex(topic)),
        data: bytesToHex(octets),
      })),
    };
  }

  async read(to: Hex, abi: Abi, functionName: string, args: readonly unknown[]): Promise<unknown> {
    const data = await this.call(to, encodeFunctionData({ abi, functionName, args }), abi);
    return decodeFunctionResult({ abi, functionName, data });
  }

  async call(to: Hex, data: Hex, abi: Abi = []): Promise<Hex> {
    const { execResult } = await this.#vm.evm.runCall({
      to: createAddressFromString(to),
      data: hexToBytes(data),
      block: createBlock({ header: { number: this.height, timestamp: this.time } }, { common: this.#common, setHardfork: false }),
    });
    if (execResult.exceptionError !== undefined) throw new Error(`call: ${errorName(abi, bytesToHex(execResult.returnValue))}`);
    return bytesToHex(execResult.returnValue);
  }

  async deploy(key: Hex, { abi, bytecode }: { abi: readonly unknown[]; bytecode: Hex }, args: readonly unknown[]): Promise<Deployed> {
    const receipt = await this.transact(key, undefined, encodeDeployData({ abi: abi as Abi, bytecode, args }), abi as Abi);
    if (receipt.created === undefined) throw new Error(`deployment failed: ${receipt.error}`);
    return receipt as Deployed;
  }
}

/** Of what a reverted call returned. */
export function errorName(abi: Abi, data: Hex): string {
  if (data === '0x') return 'revert';
  try {
    return decodeErrorResult({ abi, data }).errorName;
  } catch {
    return data;
  }
}

/** A receipt's events of one contract, by name. */
export function events(receipt: Receipt, address: Hex, abi: Abi): { eventName: string; args: Record<string, unknown> }[] {
  return receipt.logs
    .filter((log) => log.address === address.toLowerCase())
    .map(({ topics, data }) => {
      const { eventName, args } = decodeEventLog({ abi, topics: topics as [Hex, ...Hex[]], data });
      return { eventName: eventName!, args: (args ?? {}) as unknown as Record<string, unknown> };
    });
}
