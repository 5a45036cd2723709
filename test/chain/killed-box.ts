/** A box's chain in a process of its own, with slots of a second that are never left empty: prints each new head until it is killed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '../../firmware/core/base/index.js';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { addressOf } from '../../hosts/box/chain/crypto.js';
import { startNode } from '../../hosts/box/chain/node.js';
import { developmentParams } from '../../hosts/box/chain/params.js';
import { openFileSigner } from '../../hosts/node/index.js';

const state = process.argv[2]!;
const signer = await openFileSigner(join(state, 'box.key'), { curve: createCurveKernels(), hashes: createKernels() });
const genesis = join(state, 'chain', 'genesis.json');
if (!existsSync(genesis)) {
  mkdirSync(join(state, 'chain'), { recursive: true });
  const box = { key: hex(signer.key), weight: 1, payee: `0x${hex(addressOf(signer.key))}` };
  writeFileSync(genesis, JSON.stringify({ ...developmentParams(box, Math.floor(Date.now() / 1000)), slot: 1, rest: 0 }));
}
const { chain } = await startNode({ state, signer, log: (line) => console.error(line), report: ({ message }) => console.error(message) });
chain.listen({ head: ({ header }) => console.log(header.number) });
