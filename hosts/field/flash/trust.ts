/** Whose bundles this machine flashes: releases (trusted-keys.json; none has been signed yet), what was built here, and who is named on the command line. */
import { readFile } from 'node:fs/promises';
import { createCurveKernels } from '../../../firmware/core/crypto/index.js';
import { Problem, systemCode } from '../../node/index.js';
import type { Trust } from './bundle.js';
import released from './trusted-keys.json' with { type: 'json' };

/** Beside the secret that `npm run firmware` makes at its first run. */
export const OWN_KEY = '.state/firmware/signer.pub';

export async function trust(named: readonly string[]): Promise<Trust> {
  for (const key of named)
    if (!/^0[23][0-9a-f]{64}$/i.test(key))
      throw new Problem('usage', `"${key}" is no public key`, 'Give the 66 hexadecimal digits of a compressed key with --trust.');
  const own = await readFile(OWN_KEY, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
  return {
    curve: createCurveKernels(),
    keys: [...(released as string[]), ...own.split(/\s+/).filter((key) => key !== ''), ...named.map((key) => key.toLowerCase())],
  };
}
