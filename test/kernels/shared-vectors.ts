/** Vectors that are read from beside the project and not kept in it: the folder of MESHBOX_VECTORS, or `shared` next to the project. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shared = process.env.MESHBOX_VECTORS ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** The parsed file, or undefined if the folder has none of this name; the caller says by name what it left out. */
export function sharedVectors<T>(name: string): T | undefined {
  const path = join(shared, 'vectors', name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}
