import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import test from 'node:test';
import ts from 'typescript';

/** Diagnostics of core's own tsconfig (no DOM, no Node types, nothing above its root) over its files and one planted file. */
function diagnose(plant: string): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    'firmware/core/tsconfig.json',
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (d) => assert.fail(String(d.messageText)) },
  )!;
  const planted = resolve('firmware/core/mesh/plant.ts');
  const host = ts.createCompilerHost(config.options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => resolve(name) === planted || fileExists.call(host, name);
  host.readFile = (name) => (resolve(name) === planted ? plant : readFile.call(host, name));
  host.getSourceFile = (name, ...rest) =>
    resolve(name) === planted ? ts.createSourceFile(name, plant, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest);
  const program = ts.createProgram([...config.fileNames, planted], config.options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .filter((d) => d.file === undefined || resolve(d.file.fileName) === planted)
    .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}

test('the tsconfig of core accepts a pure file and refuses the platform', () => {
  assert.deepEqual(diagnose('export const one = 1;'), []);
  for (const impure of [
    "import 'node:fs';",
    'process.exit(1);',
    'console.log(1);',
    'setTimeout(() => 1, 1);',
    "new TextEncoder().encode('x');",
    "export * from '../../../hosts/node/index.js';",
  ]) {
    assert.notDeepEqual(diagnose(`${impure}\nexport {};`), [], `accepted: ${impure}`);
  }
});
