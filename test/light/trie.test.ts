/** The light client's proofs against tries that others made: @ethereumjs/mpt on random tries, and the published trie vectors. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createMerkleProof, createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { TrieWalk, type WalkState } from '../../firmware/core/light/index.js';
import { RlpReader } from '../../firmware/core/light/rlp.js';
import { sharedVectors } from '../kernels/shared-vectors.js';

const kernels = createKernels();

function prove(root: Uint8Array, key: Uint8Array, proof: readonly Uint8Array[]): { state: WalkState; value: Uint8Array } {
  const walk = new TrieWalk(kernels);
  let state = walk.start(root, key);
  for (const node of proof) {
    if (state !== 'waiting') break;
    state = walk.feed(node);
  }
  return { state, value: walk.value.slice() };
}

/** The library also names nodes that are embedded in their parents; those don't travel. */
async function proofOf(trie: MerklePatriciaTrie, key: Uint8Array): Promise<Uint8Array[]> {
  return (await createMerkleProof(trie, key)).filter((node, i) => i === 0 || node.length >= 32);
}

async function trieOf(entries: Iterable<readonly [Uint8Array, Uint8Array | null]>): Promise<MerklePatriciaTrie> {
  const trie = await createMPT();
  for (const [key, value] of entries) await (value === null ? trie.del(key) : trie.put(key, value));
  return trie;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

test('what a random trie holds and what it does not, and no other node will do', async () => {
  const octets = (min: number, max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: min, maxLength: max });
  // Few key octets, so that paths share prefixes and small nodes are embedded in others.
  const key = (length: number): fc.Arbitrary<Uint8Array> => fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xab), { minLength: length, maxLength: length }).map((each) => Uint8Array.from(each)); // prettier-ignore
  let held = 0;
  let absent = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }).chain((length) => fc.array(fc.tuple(key(length), octets(1, 40)), { minLength: 1, maxLength: 40 })),
      fc.array(key(4), { minLength: 10, maxLength: 10 }),
      fc.nat(),
      async (entries, others, flip) => {
        const map = new Map(entries.map(([each, value]) => [hex(each), { each, value }]));
        const trie = await trieOf([...map.values()].map(({ each, value }) => [each, value] as const));
        const length = entries[0]![0].length;
        const asked = [...map.values()].map(({ each }) => each).concat(others.map((each) => each.subarray(0, length)));
        for (const each of asked) {
          const proof = await proofOf(trie, each);
          const { state, value } = prove(trie.root(), each, proof);
          const expected = map.get(hex(each))?.value;
          assert.equal(state, expected === undefined ? 'absent' : 'found');
          if (expected === undefined) absent += 1;
          else {
            held += 1;
            assert.equal(hex(value), hex(expected));
          }
          const bad = proof.map((node) => node.slice());
          const node = bad[flip % bad.length]!;
          node[flip % node.length]! ^= 1 + (flip % 255);
          assert.equal(prove(trie.root(), each, bad).state, 'forged');
          refused += 1;
          if (proof.length > 1) assert.equal(prove(trie.root(), each, proof.slice(0, -1)).state, 'waiting');
        }
      },
    ),
    { numRuns: 60, seed: 7 },
  );
  assert.ok(held > 400 && absent > 200 && refused > 700, `held ${held}, absent ${absent}, refused ${refused}`);
});

test('keys of 32 octets as in a state', async () => {
  const entries = Array.from({ length: 300 }, () => [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(70))] as const);
  const trie = await trieOf(entries);
  for (const [key, value] of entries.slice(0, 50)) {
    const { state, value: found } = prove(trie.root(), key, await proofOf(trie, key));
    assert.deepEqual([state, hex(found)], ['found', hex(value)]);
    const other = new Uint8Array(randomBytes(32));
    assert.equal(prove(trie.root(), other, await proofOf(trie, other)).state, 'absent');
  }
  assert.equal(prove((await createMPT()).root(), entries[0]![0], []).state, 'absent');
});

type Entries = Record<string, string | null> | readonly (readonly [string, string | null])[];
type Vectors = Record<string, { readonly in: Entries; readonly root: string }>;
const octetsOf = (text: string): Uint8Array => (text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text));

for (const { name, isSecure } of [
  { name: 'TrieTests_trieanyorder', isSecure: false },
  { name: 'TrieTests_trietest', isSecure: false },
  { name: 'TrieTests_trietest_secureTrie', isSecure: true },
]) {
  const vectors = sharedVectors<Vectors>(`ethereum/${name}.json`);
  test(
    `published roots: ${name}`,
    { skip: vectors === undefined ? `ethereum/${name}.json is not beside the project` : false },
    async () => {
      for (const [title, { in: entries, root }] of Object.entries(vectors!)) {
        const pairs = (Array.isArray(entries) ? entries : Object.entries(entries)) as readonly (readonly [string, string | null])[];
        const keyOf = (text: string): Uint8Array => {
          const out = new Uint8Array(32);
          if (isSecure) kernels.keccak256(out, octetsOf(text));
          return isSecure ? out : octetsOf(text);
        };
        const trie = await trieOf(pairs.map(([key, value]) => [keyOf(key), value === null ? null : octetsOf(value)] as const));
        assert.equal(`0x${hex(trie.root())}`, root, title);
        const last = new Map(pairs.map(([key, value]) => [hex(keyOf(key)), { key: keyOf(key), value }]));
        for (const { key, value } of last.values()) {
          // This walk takes keys as long as a state's and no longer.
          if (key.length > 32) continue;
          const { state, value: found } = prove(octetsOf(root), key, await proofOf(trie, key));
          assert.equal(state, value === null ? 'absent' : 'found', title);
          if (value !== null) assert.equal(hex(found), hex(octetsOf(value)));
        }
      }
    },
  );
}

interface RlpVectors {
  readonly [title: string]: { readonly in: unknown; readonly out: string };
}

/** Walks all of an encoding; false where an item doesn't fit. */
function reads(bytes: Uint8Array, at: number, end: number): boolean {
  while (at < end) {
    const rlp = new RlpReader();
    if (!rlp.read(bytes, at, end)) return false;
    if (rlp.isList && !reads(bytes, rlp.from, rlp.to)) return false;
    at = rlp.to;
  }
  return at === end;
}

test(
  'published RLP is read whole',
  { skip: sharedVectors('ethereum/RLPTests_rlptest.json') === undefined ? 'RLPTests_rlptest.json is not beside the project' : false },
  () => {
    for (const [title, { out }] of Object.entries(sharedVectors<RlpVectors>('ethereum/RLPTests_rlptest.json')!)) {
      const bytes = octetsOf(out.startsWith('0x') ? out : `0x${out}`);
      assert.equal(reads(bytes, 0, bytes.length), true, title);
    }
  },
);

test('no octets from outside throw', () => {
  const walk = new TrieWalk(kernels);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (node, key) => {
      const root = new Uint8Array(32);
      kernels.keccak256(root, node);
      walk.start(root, key);
      assert.ok(['malformed', 'absent', 'found', 'waiting'].includes(walk.feed(node)));
    }),
    { numRuns: 2_000, seed: 3 },
  );
});
