/** The hand-written faces say what the compiler says, of every contract. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as contracts from '../../hosts/contracts/index.js';

interface Entry {
  readonly type: string;
  readonly name?: string;
  readonly stateMutability?: string;
  readonly inputs?: readonly Parameter[];
  readonly outputs?: readonly Parameter[];
}
interface Parameter {
  readonly type: string;
  readonly name?: string;
  readonly indexed?: boolean;
  readonly components?: readonly Parameter[];
}

const parameter = ({ type, name, indexed, components }: Parameter): string =>
  `${type}${components === undefined ? '' : `(${components.map(parameter).join(', ')})`}${indexed === true ? ' indexed' : ''} ${name ?? ''}`.trim();
const list = (parameters: readonly Parameter[] = []): string => parameters.map(parameter).join(', ');

/** All that binds callers and editors; leaves out the compiler's notes on its internal types. */
const signatures = (abi: readonly unknown[]): string[] =>
  (abi as readonly Entry[])
    .map(
      ({ type, name, stateMutability, inputs, outputs }) =>
        `${type} ${name} (${list(inputs)}) ${stateMutability} returns (${list(outputs)})`,
    )
    .sort();

test('typed faces say what the compiler says', async () => {
  for (const [name, { abi }] of Object.entries(await contracts.buildContracts())) {
    const face = contracts[`${name[0]!.toLowerCase()}${name.slice(1)}Abi` as 'tokensNetworkAbi'];
    assert.notEqual(face, undefined, `${name} has a face`);
    assert.deepEqual(signatures(face), signatures(abi), name);
  }
});

test('a face that differs in one type is noticed', () => {
  const [first, ...rest] = contracts.secretRegistryAbi;
  const planted = [{ ...first, inputs: [{ type: 'bytes31', name: 'secret' }] }, ...rest];
  assert.notDeepEqual(signatures(planted), signatures(contracts.secretRegistryAbi));
});
