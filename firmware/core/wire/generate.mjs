/**
 * Writes gen/*.ts from the norm beside it (*.cddl and envelope.layout.json); with --check writes nothing and exits 1, naming each stale file.
 *
 *   node firmware/core/wire/generate.mjs [--check] [--folder FOLDER]     (FOLDER: another wire folder, for the guard's own test)
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'cddl';
import { emitCodec } from './generator/codec.mjs';
import { emitEnvelope } from './generator/envelope.mjs';
import { model } from './generator/model.mjs';

/** Name and text of every file that the norm in a folder gives. */
function generated(folder) {
  const shared = parse(join(folder, 'common.cddl'));
  const codecs = readdirSync(folder)
    .filter((name) => name.endsWith('.cddl'))
    .map((name) => {
      const file = basename(name, '.cddl');
      const rules = file === 'common' ? model(file, shared) : model(file, parse(join(folder, name)), shared);
      return [`${file}.ts`, emitCodec(file, rules)];
    });
  const layout = JSON.parse(readFileSync(join(folder, 'envelope.layout.json'), 'utf8'));
  return new Map([...codecs, ['envelope.ts', emitEnvelope(layout)]]);
}

function run({ check, folder }) {
  const gen = join(folder, 'gen');
  mkdirSync(gen, { recursive: true });
  const wanted = generated(folder);
  const present = new Map(readdirSync(gen).map((name) => [name, readFileSync(join(gen, name), 'utf8')]));
  const names = [...new Set([...wanted.keys(), ...present.keys()])].sort();
  const stale = names.filter((name) => wanted.get(name) !== present.get(name));
  for (const name of stale) {
    const path = join(gen, name);
    if (check) console.error(`stale: ${relative('', path)} is not what the norm gives; run node firmware/core/wire/generate.mjs`);
    else if (wanted.has(name)) writeFileSync(path, wanted.get(name));
    else rmSync(path);
  }
  return check && stale.length > 0 ? 1 : 0;
}

try {
  const options = {
    check: { type: 'boolean', default: false },
    folder: { type: 'string', default: dirname(fileURLToPath(import.meta.url)) },
  };
  process.exitCode = run(parseArgs({ options }).values);
} catch (error) {
  console.error(`generate: ${error.message}`);
  process.exitCode = 1;
}
