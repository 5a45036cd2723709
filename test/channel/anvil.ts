/** A development chain of the Foundry tools with the settlement contract, its registry and a token on it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createTestClient, encodeFunctionData, http, parseAbi, publicActions, walletActions, type Hex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { buildContracts } from '../../hosts/contracts/index.js';
import { buildUnit } from '../../hosts/contracts/build.js';

const program = fileURLToPath(new URL('../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil', import.meta.url));
export const hasAnvil = (): boolean => existsSync(program);

const deployer = mnemonicToAccount('test test test test test test test test test test test junk');
const tokenAbi = parseAbi(['function transfer(address,uint256) returns (bool)', 'function balanceOf(address) view returns (uint256)']);

export interface Anvil {
  readonly rpc: string;
  readonly contract: Hex;
  readonly token: Hex;
  /** Coins for gas, and tokens. */
  fund(address: Hex, tokens: bigint): Promise<void>;
  tokensOf(address: Hex): Promise<bigint>;
  mine(blocks: number): Promise<void>;
  stop(): void;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export async function startAnvil(): Promise<Anvil> {
  const port = await freePort();
  const rpc = `http://127.0.0.1:${port}`;
  // One slot an epoch: a block is final when two more stand on it.
  const child = spawn(program, ['--port', String(port), '--silent', '--slots-in-an-epoch', '1', '--block-time', '1', '--mixed-mining'], {
    stdio: 'ignore',
  });
  const client = createTestClient({ mode: 'anvil', chain: foundry, account: deployer, transport: http(rpc) })
    .extend(publicActions)
    .extend(walletActions);
  for (let tries = 0; ; tries += 1) {
    const up = await client.getBlockNumber().then(
      () => true,
      () => false,
    );
    if (up) break;
    if (tries > 100) throw new Error('anvil does not answer');
    await new Promise((done) => setTimeout(done, 100));
  }
  const deploy = async (artifact: { readonly abi: unknown; readonly bytecode: Hex }, args: readonly unknown[]): Promise<Hex> => {
    const hash = await client.deployContract({ abi: artifact.abi as never, bytecode: artifact.bytecode, args: args as never });
    return (await client.waitForTransactionReceipt({ hash, pollingInterval: 200 })).contractAddress!;
  };
  const { TokensNetwork } = await buildContracts();
  const { TestToken } = await buildUnit('test-token', {
    folder: fileURLToPath(new URL('../contracts/sol', import.meta.url)),
    contracts: ['TestToken'],
    evmVersion: 'byzantium',
  });
  const contract = await deploy(TokensNetwork, [BigInt(foundry.id)]);
  const token = await deploy(TestToken!, [10n ** 24n]);
  return {
    rpc,
    contract,
    token,
    async fund(address, tokens) {
      await client.setBalance({ address, value: 10n ** 20n });
      const hash = await client.sendTransaction({
        to: token,
        data: encodeFunctionData({ abi: tokenAbi, functionName: 'transfer', args: [address, tokens] }),
      });
      await client.waitForTransactionReceipt({ hash, pollingInterval: 200 });
    },
    tokensOf: (address) => client.readContract({ address: token, abi: tokenAbi, functionName: 'balanceOf', args: [address] }),
    mine: (blocks) => client.mine({ blocks }),
    stop: () => void child.kill('SIGKILL'),
  };
}
