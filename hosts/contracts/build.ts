/**
 * Compiles the contracts into `.build/contracts`, one file per unit, named by the hash of all that it is made from: sources, libraries, settings, compiler.
 *
 *   node --import tsx hosts/contracts/build.ts
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const outputs = join(root, '.build/contracts');
const packages = join(root, 'node_modules');
const sources = join(here, 'sol');

export interface Artifact {
  /** As the compiler wrote it. */
  readonly abi: readonly unknown[];
  /** Creation code without constructor arguments. */
  readonly bytecode: `0x${string}`;
  readonly deployedBytecode: `0x${string}`;
}

/** Contracts that are compiled together, where their sources lie, and for which EVM. */
export interface Unit {
  readonly folder: string;
  readonly contracts: readonly string[];
  readonly evmVersion: 'byzantium' | 'cancun';
}

const units = {
  /** Byzantium, so that it also deploys on the original chain, whose EVM stopped there. */
  channels: { folder: sources, contracts: ['TokensNetwork', 'SecretRegistry'], evmVersion: 'byzantium' },
  /** OpenZeppelin needs Cancun's opcodes; the boxes' own chain has them. */
  rewards: {
    folder: sources,
    contracts: ['MeshToken', 'MiningEmission', 'SmtHolderClaim', 'BoxRegistry', 'ContributionWeights', 'RewardPool'],
    evmVersion: 'cancun',
  },
} as const satisfies Record<string, Unit>;

export type ContractName = (typeof units)[keyof typeof units]['contracts'][number];

/** Many runs: a contract is deployed once and called for years. */
const settings = (evmVersion: string): object => ({
  evmVersion,
  viaIR: true,
  optimizer: { enabled: true, runs: 20_000 },
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
});

/** Compiles what is stale; answers every artifact by its contract's name. */
export async function buildContracts({ log = () => {} }: { log?: (line: string) => void } = {}): Promise<Record<ContractName, Artifact>> {
  const artifacts: Record<string, Artifact> = {};
  for (const [name, unit] of Object.entries(units)) Object.assign(artifacts, await buildUnit(name, unit, log));
  return artifacts as Record<ContractName, Artifact>;
}

/** Compiles one unit if it is stale. */
export async function buildUnit(
  name: string,
  { folder, contracts, evmVersion }: Unit,
  log: (line: string) => void = () => {},
): Promise<Record<string, Artifact>> {
  await mkdir(outputs, { recursive: true });
  const input = JSON.stringify({
    language: 'Solidity',
    sources: await closure(
      folder,
      contracts.map((contract) => `${contract}.sol`),
    ),
    settings: settings(evmVersion),
  });
  const compiler = (JSON.parse(await readFile(join(packages, 'solc/package.json'), 'utf8')) as { version: string }).version;
  const key = createHash('sha256').update(compiler).update(input).digest('hex').slice(0, 16);
  const path = join(outputs, `${name}-${key}.json`);
  const cached = await readFile(path, 'utf8').catch(() => undefined);
  if (cached !== undefined) return JSON.parse(cached) as Record<string, Artifact>;

  log(`contracts: compiling ${contracts.join(', ')}`);
  const artifacts = parse(contracts, await compile(input));
  await writeFile(`${path}.${process.pid}`, JSON.stringify(artifacts));
  await rename(`${path}.${process.pid}`, path);
  for (const old of await readdir(outputs)) {
    if (old.startsWith(`${name}-`) && old.endsWith('.json') && !path.endsWith(old)) await rm(join(outputs, old), { force: true });
  }
  return artifacts;
}

/** The named sources and everything that they import, ours or a package's. */
async function closure(folder: string, entries: readonly string[]): Promise<Record<string, { content: string }>> {
  const found: Record<string, { content: string }> = {};
  const pending = [...entries];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (file in found) continue;
    const content = await readFile(file.startsWith('@') ? join(packages, file) : join(folder, file), 'utf8');
    found[file] = { content };
    for (const [, target] of content.matchAll(/^import [^"';]*["']([^"']+)["'];/gm)) {
      pending.push(target!.startsWith('.') ? posix.join(posix.dirname(file), target!) : target!);
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function compile(input: string): Promise<string> {
  const child = spawn(process.execPath, [join(here, 'solc.mjs'), '--standard-json'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(input);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

interface CompilerOutput {
  readonly errors?: readonly {
    readonly severity: string;
    readonly message: string;
    readonly formattedMessage: string;
    readonly sourceLocation?: { readonly file: string };
  }[];
  readonly contracts?: Record<string, Record<string, { abi: unknown[]; evm: Record<'bytecode' | 'deployedBytecode', { object: string }> }>>;
}

/** Byzantium is meant, and a package's warnings are its authors' business. All else must be mended. */
const passes = ({ severity, message, sourceLocation }: NonNullable<CompilerOutput['errors']>[number]): boolean =>
  message.startsWith('Support for EVM versions older than london is deprecated') ||
  (severity === 'warning' && sourceLocation?.file.startsWith('@') === true);

function parse(contracts: readonly string[], text: string): Record<string, Artifact> {
  const { errors = [], contracts: compiled } = JSON.parse(text) as CompilerOutput;
  const remarks = errors.filter((each) => !passes(each));
  if (remarks.length > 0 || compiled === undefined) {
    throw new Error(`The contracts don't compile clean:\n${remarks.map((each) => each.formattedMessage).join('\n')}`);
  }
  return Object.fromEntries(
    contracts.map((contract) => {
      const { abi, evm } = compiled[`${contract}.sol`]![contract]!;
      return [contract, { abi, bytecode: `0x${evm.bytecode.object}`, deployedBytecode: `0x${evm.deployedBytecode.object}` }];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, { deployedBytecode }] of Object.entries(await buildContracts({ log: console.log }))) {
    console.log(`${name}: ${deployedBytecode.length / 2 - 1} octets`);
  }
}
