import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { buildKernels } from '../../assembly/build.mjs';

interface Manifest {
  readonly modules: Readonly<Record<string, string | readonly string[]>>;
  readonly preload: readonly string[];
}

/** What is wrong with a manifest of the kernels, by the C sources that their build names. */
function faults({ modules, preload }: Manifest, sources: readonly string[]): string[] {
  const found: string[] = [];
  const listed = Object.values(modules).flat();
  for (const path of listed) {
    const [c, ts] = [join('manifests', `${path}.c`), join('manifests', `${path}.ts`)];
    if (!existsSync(c) && !existsSync(ts)) found.push(`no file ${path}.c or ${path}.ts`);
  }
  const names = listed.map((path) => basename(path));
  for (const source of sources) if (!names.includes(basename(source, '.c'))) found.push(`not listed: ${basename(source)}`);
  for (const name of preload) if (!(name in modules)) found.push(`preloaded but not listed: ${name}`);
  for (const [name, path] of Object.entries(modules)) {
    if (typeof path !== 'string') continue;
    const text = readFileSync(join('manifests', `${path}.ts`), 'utf8');
    for (const [, specifier] of text.matchAll(/^import \{[^}]*\} from '(\.\.\/face\/[^']+)\.js'/gm))
      if (!(`assembly/${specifier!.slice(3)}` in modules)) found.push(`${name} imports ${specifier}, which is not listed`);
  }
  return found;
}

test('the kernels’ manifest lists what their build makes, and every file exists', async () => {
  const { sources, binding } = await buildKernels();
  const manifest = JSON.parse(readFileSync('manifests/kernels.json', 'utf8')) as Manifest;
  assert.deepEqual(faults(manifest, [...sources, binding]), []);

  const [first, ...rest] = manifest.modules['*'] as readonly string[];
  const planted: Record<string, Manifest> = {
    'not listed': { ...manifest, modules: { ...manifest.modules, '*': rest } },
    'no file': { ...manifest, modules: { ...manifest.modules, '*': [first!, ...rest, '../assembly/native/mb_absent'] } },
    'preloaded but': { ...manifest, preload: [...manifest.preload, 'assembly/absent'] },
    'which is not': {
      ...manifest,
      modules: Object.fromEntries(Object.entries(manifest.modules).filter(([name]) => name !== 'assembly/face/index')),
    },
  };
  for (const [fault, broken] of Object.entries(planted)) assert.match(faults(broken, [...sources, binding]).join('\n'), new RegExp(fault));
});
