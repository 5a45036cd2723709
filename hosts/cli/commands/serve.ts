import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBox } from '../../box/index.js';
import { messageOf, Problem } from '../../node/index.js';
import { Exit } from '../exit-codes.js';
import { printable } from '../output.js';
import type { Context } from '../program.js';
import { version } from '../version.js';

export interface ServeOptions {
  readonly radio: string;
  readonly state: string;
  readonly port: string;
  readonly host: string;
  readonly name: string;
}

/** Runs until SIGINT or SIGTERM. */
export async function serve({ out }: Context, options: ServeOptions): Promise<Exit> {
  const box = await startBox({
    radio: options.radio,
    state: options.state,
    host: options.host,
    port: portNumber(options.port),
    name: options.name,
    version,
    console: fileURLToPath(new URL('../../../.build/web/console', import.meta.url)),
    app: fileURLToPath(new URL('../../../.build/web/app', import.meta.url)),
    log: (line) => console.error(`${new Date().toISOString()} ${printable(line)}`),
  });
  const stop = (): void => void box.stop();
  const crash = (error: unknown): void => {
    out.problem(crashed(error, options.state));
    process.exit(Exit.Failed);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop).once('uncaughtException', crash);
  out.answer({ url: box.url, id: box.id }, `MeshBox ${box.id} is at ${box.url}`);
  await box.stopped;
  process.off('SIGINT', stop).off('SIGTERM', stop).off('uncaughtException', crash);
  return Exit.Ok;
}

/** A fault of ours, and unknown state: the process ends at once, as by kill -9, which its disk survives. The stack goes to a file, not to the person. */
function crashed(error: unknown, state: string): Problem {
  const file = join(state, 'crash');
  try {
    writeFileSync(
      file,
      `${new Date().toISOString()} ${version}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  } catch {
    // The disk may be what failed; the message below is still true of the fault.
  }
  return new Problem(
    'internal',
    `the daemon ended by a fault of its own: ${messageOf(error)}`,
    `Start it again: nothing that was stored is lost. Please report it with the file ${file}.`,
  );
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new Problem('usage', `"${text}" is not a port`, 'Give a number from 1 to 65535 with --port, or 0 for any free one.');
  return port;
}
