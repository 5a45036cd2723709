/** Files that survive a power cut: written beside, synced, renamed into place, and the folder synced (POSIX rename(2) is atomic, fsync(2) makes it last). */
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Makes what was created, renamed or removed in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** After it resolves the file holds `bytes` even after a power cut; before, a reader finds the old content or the new, never a mix. One writer per file at a time. */
export async function writeDurably(file: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const fresh = join(dirname(file), `.${basename(file)}.new`);
  const handle = await open(fresh, 'w', mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  await syncFolder(dirname(file));
}
