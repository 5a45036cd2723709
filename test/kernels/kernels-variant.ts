/** The kernels built apart from the project's own build: with other exports, or with a fault planted in their source. */
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels, type BuiltKernels } from '../../assembly/build.mjs';

const kernels = fileURLToPath(new URL('../../assembly/kernels', import.meta.url));

/** Text to replace in a file; it must be there, so that a fault cannot silently stop being planted. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Variant extends BuiltKernels {
  remove(): Promise<void>;
}

/** exports: lines to add to index.ts. */
export async function buildVariant({ exports = '', edits = [] as readonly Edit[] }): Promise<Variant> {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-kernels-'));
  const directory = join(folder, 'kernels');
  await mkdir(directory);
  for (const file of await readdir(kernels)) {
    let text = await readFile(join(kernels, file), 'utf8');
    for (const edit of edits.filter((each) => each.file === file)) {
      if (!text.includes(edit.from)) throw new Error(`${file} no longer holds «${edit.from}»`);
      text = text.replace(edit.from, edit.to);
    }
    await writeFile(join(directory, file), file === 'index.ts' ? `${text}${exports}\n` : text);
  }
  const products = await buildKernels({ directory, target: join(folder, 'out') });
  return { ...products, remove: () => rm(folder, { recursive: true }) };
}
