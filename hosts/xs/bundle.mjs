/** Bundles JavaScript for the XS host (esbuild: one function, ES2022). */
import { build as esbuild } from 'esbuild';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputs, root } from './toolchain.mjs';

/**
 * Bundles one entry and everything it imports into a program whose value is the entry's exports. No platform: an import of a Node
 * module is an error.
 * @param {{ entry?: string, source?: string, output: string }} options `source`: text of the entry instead of its path
 */
export async function bundleForXs({ entry, source, output }) {
  await mkdir(dirname(output), { recursive: true });
  const result = await esbuild({
    ...(source === undefined ? { entryPoints: [entry] } : { stdin: { contents: source, resolveDir: root, loader: 'ts' } }),
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'bundle',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: '(() => {"use strict";' },
    footer: { js: 'return bundle; })()' },
    logLevel: 'silent',
  });
  await writeFile(`${output}.${process.pid}`, result.outputFiles[0].contents);
  await rename(`${output}.${process.pid}`, output);
}

/** Bundles the board's firmware, board/main.ts; answers the bundle's path. */
export async function bundleFirmware() {
  const output = join(outputs, 'firmware.js');
  await bundleForXs({ entry: fileURLToPath(new URL('board/main.ts', import.meta.url)), output });
  return output;
}
