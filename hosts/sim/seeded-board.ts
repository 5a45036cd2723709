/**
 * The firmware of a board on the XS host with chance taken away: its entropy follows from 16 octets in its store, so that a run can be repeated.
 * Bundled for XS by `xs-mesh.ts`; never for a board that keeps a key of value.
 */
import { CodedError, Prng } from '../../firmware/core/base/index.js';
import type { Handlers, Host } from '../xs/board/host.js';
import { start as startFirmware } from '../xs/board/main.js';

export function start(host: Host): Handlers {
  const seed = host.get('seed');
  if (seed === undefined) throw new CodedError('board-seed', 'a seeded board finds its seed in its store');
  const prng = new Prng(new Uint8Array(seed));
  const random = (into: Uint8Array): void => {
    for (let i = 0; i < into.length; i += 1) into[i] = prng.below(256);
  };
  return startFirmware({ ...host, random });
}
