/**
 * The arrows that must never exist, as data, and the check that reads them off the source text. Each rule is planted in arch.test.ts.
 * A file is named by its path from the project's root; an import by the file or package that it resolves to.
 */
import ts from 'typescript';
import { posix } from 'node:path';

export type Sources = ReadonlyMap<string, string>;
export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly what: string;
}

/** From low to high; a folder may import itself and what stands before it. Siblings on one line may not import each other. */
const layers: readonly (readonly string[])[] = [
  ['base'],
  ['ports'],
  ['wire', 'crypto'],
  ['link'],
  ['mesh'],
  ['transport'],
  ['meter', 'channel', 'light', 'content', 'credit', 'power'],
  ['node'],
];
const layerOf = new Map(layers.flatMap((names, height) => names.map((name) => [name, height] as const)));

/** Ambient names that core must not touch: they differ or are missing on a board, or bring in time and chance by the back door. */
const ambient = new Set(
  'Date Intl setTimeout setInterval setImmediate queueMicrotask console trace crypto process globalThis Buffer TextEncoder TextDecoder performance structuredClone URL require fetch WebAssembly'.split(
    ' ',
  ),
);
const inexactMath = new Set('random log log2 log10 log1p exp expm1 pow sqrt cbrt sin cos tan atan atan2 tanh sinh cosh hypot'.split(' '));
const forbiddenMembers = new Set(['localeCompare', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase', 'toLocaleDateString']);

/** The generator beside the wire's norm runs on Node when the codecs are made, and is never part of core. */
const isBuildTool = (file: string): boolean => file.startsWith('firmware/core/wire/') && file.endsWith('.mjs');

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Project path without extension, or undefined for a package. */
  readonly target: string | undefined;
}

const coreFolder = (file: string): string | undefined => /^firmware\/core\/([^/]+)\//.exec(file)?.[1];
const zone = (file: string): string => file.split('/')[0]!;

function importsOf(file: string, text: string): Import[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => ({
    from: file,
    specifier: fileName,
    target: fileName.startsWith('.')
      ? posix.normalize(posix.join(posix.dirname(file), fileName)).replace(/\.(js|ts|tsx|mjs)$/, '')
      : undefined,
  }));
}

/** Every rule over every source file; empty when the house stands. */
export function violations(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [file, text] of sources) {
    if (isBuildTool(file)) continue;
    const say = (rule: string, what: string): void => void found.push({ rule, file, what });
    for (const each of importsOf(file, text)) checkImport(each, say);
    if (coreFolder(file) !== undefined) checkCoreText(file, text, say);
    if (file.startsWith('firmware/core/ports/')) checkTypesOnly(file, text, say);
  }
  return found;
}

type Say = (rule: string, what: string) => void;

function checkImport({ from, specifier, target }: Import, say: Say): void {
  const folder = coreFolder(from);
  if (target === undefined) {
    const noble = specifier.startsWith('@noble/') && folder === 'crypto';
    if (folder !== undefined && !noble) say('core-imports-package', specifier);
    if (from.startsWith('assembly/kernels/')) say('kernel-imports', specifier);
    return;
  }
  if (zone(target) === 'test' && zone(from) !== 'test') say('production-imports-test', target);
  if (from.startsWith('firmware/device/') && zone(target) === 'hosts') say('device-hosts', target);
  if (zone(from) === 'hosts' && target.startsWith('firmware/device/')) say('device-hosts', target);
  if (from.startsWith('assembly/kernels/') && !target.startsWith('assembly/kernels/')) say('kernel-imports', target);

  const into = coreFolder(target);
  if (folder !== undefined && into === undefined) say('core-imports-outside', target);
  if (into === undefined || zone(from) === 'test') return;
  if (into !== folder && !target.endsWith('/index')) say('past-the-index', target);
  if (folder === undefined || folder === into) return;
  const [low, high] = [layerOf.get(into), layerOf.get(folder)];
  if (low === undefined || high === undefined) say('unknown-folder', low === undefined ? into : folder);
  else if (folder === 'ports' ? into !== 'base' : low > high) say('lower-imports-higher', `${folder} -> ${into}`);
  else if (low === high) say('sideways', `${folder} -> ${into}`);
  else if (into === 'crypto' && folder !== 'node') say('lower-imports-higher', `${folder} -> crypto: kernels are passed in`);
}

function checkCoreText(file: string, text: string, say: Say): void {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const protocol = !['ports', 'crypto', 'base', 'wire'].includes(coreFolder(file)!);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const owner = node.parent;
      const isMember = ts.isPropertyAccessExpression(owner) && owner.name === node;
      const isName =
        (ts.isPropertyAssignment(owner) ||
          ts.isPropertySignature(owner) ||
          ts.isPropertyDeclaration(owner) ||
          ts.isMethodDeclaration(owner)) &&
        owner.name === node;
      if (!isMember && !isName && ambient.has(node.text)) say('ambient-name', node.text);
      if (isMember && forbiddenMembers.has(node.text)) say('ambient-name', node.text);
      if (isMember && owner.expression.getText() === 'Math' && inexactMath.has(node.text)) say('ambient-name', `Math.${node.text}`);
      if (protocol && (node.text === 'CurveKernels' || /secretKey|privateKey/i.test(node.text))) say('secret-in-protocol', node.text);
    }
    if (ts.isNumericLiteral(node) && /^[\d_]*\.\d|e-/i.test(node.getText())) say('fraction', node.getText());
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function checkTypesOnly(file: string, text: string, say: Say): void {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  for (const statement of source.statements) {
    const typeOnly =
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      (ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly === true) ||
      (ts.isExportDeclaration(statement) && statement.isTypeOnly);
    if (!typeOnly) say('port-holds-a-value', statement.getText().split('\n')[0]!);
  }
}
