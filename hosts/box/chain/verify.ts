/** Checks what is on disk: hashes of headers and of every node of the final state, and the last blocks by running them again. */
import { hex } from '../../../firmware/core/base/index.js';
import { Problem } from '../../node/index.js';
import type { Chain } from './chain.js';
import { Hashes, type TreeNode } from './consensus/index.js';
import { keccak256 } from './crypto.js';
import type { VerifyReport } from './types.js';

/** Blocks that are run again. */
const RUN = 64;

/** Fails with a Problem `chain-corrupt` that names what does not fit. */
export async function verifyChain(chain: Chain): Promise<VerifyReport> {
  const bad = (what: string): Problem =>
    new Problem(
      'chain-corrupt',
      `the chain on disk is damaged: ${what}`,
      'Stop the daemon, move its `chain/database` folder away and start it: the last snapshot or other boxes make it again.',
    );
  let headers = 0;
  for (let number = chain.head.header.number, expected: Uint8Array = chain.head.hash; number >= 0; number -= 1) {
    const hash = chain.canonical(number);
    const stored = hash && chain.stored(hash);
    if (!stored) break; // Where the snapshot began.
    if (hex(hash) !== hex(expected)) throw bad(`block ${number} is not the parent of the one above it`);
    if (hex(Hashes.header({ keccak256 }, stored.block.header)) !== hex(hash)) throw bad(`the header of block ${number} has another hash`);
    expected = stored.block.header.parent;
    headers += 1;
  }
  let nodes = 0;
  for await (const node of chain.store.walk(chain.final.header.state)) {
    if (!node) throw bad('a node of the final state is missing or has another hash');
    nodes += 1;
  }
  let blocks = 0;
  for (let node: TreeNode | undefined = chain.head; node?.parent && blocks < RUN; node = node.parent) {
    const { parent, header, random } = node;
    if (!chain.engine.hasState(parent.header.state)) break;
    const { block } = chain.stored(node.hash)!;
    const payee = chain.payload(node).header.coinbase.bytes;
    await chain
      .exclusive(() =>
        chain.engine.verify(
          chain.payload(parent),
          { time: header.time, random, beacon: parent.hash, payee },
          block.payload,
          chain.ancestorOf(parent),
        ),
      )
      .catch((error: unknown) => {
        throw bad(`block ${header.number}: ${String(error)}`);
      });
    blocks += 1;
  }
  return { headers, blocks, nodes };
}
