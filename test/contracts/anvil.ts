/** The same chain on anvil, a native EVM that shares no code with the one in this process; if its optional package is installed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeFunctionResult, encodeDeployData, encodeFunctionData, toHex, type Abi, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { errorName, type Chain, type Deployed, type Receipt } from './chain.js';

const binary = join(import.meta.dirname, '../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil');
export const noAnvil = existsSync(binary) ? false : '@foundry-rs/anvil-linux-amd64 is not installed: the run on a second EVM left out';

interface RpcReceipt {
  readonly status: Hex;
  readonly gasUsed: Hex;
  readonly blockNumber: Hex;
  readonly contractAddress: Hex | null;
  readonly logs: Receipt['logs'];
}

export class AnvilChain implements Chain {
  height = 1n;
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #chainId: number;
  readonly #nonces = new Map<Hex, number>();

  private constructor(child: ChildProcess, url: string, chainId: number) {
    this.#child = child;
    this.#url = url;
    this.#chainId = chainId;
  }

  static async start(hardfork: string, chainId: number): Promise<AnvilChain> {
    const args = ['--port', '0', '--hardfork', hardfork, '--chain-id', String(chainId), '--no-mining', '--accounts', '1'];
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout! })) {
      const address = /^Listening on (\S+)/.exec(line)?.[1];
      if (address !== undefined) return new AnvilChain(child, `http://${address}`, chainId);
    }
    throw new Error('anvil ended before it listened');
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async transact(key: Hex, to: Hex | undefined, data: Hex, abi: Abi, value = 0n): Promise<Receipt> {
    const account = privateKeyToAccount(key);
    const nonce = this.#nonces.get(key) ?? 0;
    if (nonce === 0) await this.#rpc('anvil_setBalance', [account.address, toHex(10n ** 30n)]);
    this.#nonces.set(key, nonce + 1);
    await this.#mineBelow(this.height);
    const gas = 12_000_000n;
    const raw = await account.signTransaction({
      type: 'legacy',
      chainId: this.#chainId,
      nonce,
      gasPrice: 10n ** 9n,
      gas,
      data,
      value,
      ...(to && { to }),
    });
    const hash = await this.#rpc<Hex>('eth_sendRawTransaction', [raw]);
    await this.#rpc('evm_mine', []);
    const receipt = await this.#rpc<RpcReceipt>('eth_getTransactionReceipt', [hash]);
    const failed = receipt.status === '0x0';
    return {
      gas: Number(receipt.gasUsed),
      created: failed || receipt.contractAddress === null ? undefined : receipt.contractAddress,
      error: failed ? await this.#whyNot({ from: account.address, to, data, value: toHex(value) }, receipt.blockNumber, abi) : undefined,
      logs: receipt.logs,
    };
  }

  async read(to: Hex, abi: Abi, functionName: string, args: readonly unknown[]): Promise<unknown> {
    const data = await this.#rpc<Hex>('eth_call', [{ to, data: encodeFunctionData({ abi, functionName, args }) }, 'latest']);
    return decodeFunctionResult({ abi, functionName, data });
  }

  async deploy(key: Hex, { abi, bytecode }: { abi: readonly unknown[]; bytecode: Hex }, args: readonly unknown[]): Promise<Deployed> {
    const receipt = await this.transact(key, undefined, encodeDeployData({ abi: abi as Abi, bytecode, args }), abi as Abi);
    if (receipt.created === undefined) throw new Error(`deployment failed: ${receipt.error}`);
    return receipt as Deployed;
  }

  /** What was reverted changed nothing, so a call in its own block fails the same way and says why. */
  async #whyNot(call: object, block: Hex, abi: Abi): Promise<string> {
    const { error } = await this.#ask<{ error?: { data?: Hex } }>('eth_call', [call, block]);
    return errorName(abi, error?.data ?? '0x');
  }

  async #mineBelow(height: bigint): Promise<void> {
    const missing = height - 1n - BigInt(await this.#rpc<Hex>('eth_blockNumber', []));
    if (missing > 0n) await this.#rpc('anvil_mine', [toHex(missing)]);
  }

  async #rpc<Result>(method: string, params: readonly unknown[]): Promise<Result> {
    const { result, error } = await this.#ask<{ result: Result; error?: { message: string } }>(method, params);
    if (error !== undefined) throw new Error(`anvil: ${method}: ${error.message}`);
    return result;
  }

  async #ask<Answer>(method: string, params: readonly unknown[]): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return (await response.json()) as Answer;
  }
}
