/** The daemon as a process of its own, as `meshbox serve` runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileInfo, Island, Message, Status } from '../../hosts/box/index.js';
import { bin } from '../cli/meshbox.js';

export interface DaemonProcess {
  readonly id: string;
  readonly url: string;
  readonly pid: number;
  /** What it has logged so far. */
  readonly log: () => string;
  /** In order; answers the exit code. */
  stop(): Promise<number | null>;
  /** kill -9: as a power cut for the process. */
  kill(): Promise<void>;
  /** Exit code of one that ends by itself. */
  readonly exited: Promise<number | null>;
}

export async function startDaemon(options: {
  readonly radio: string;
  readonly state: string;
  readonly nodeOptions?: string;
}): Promise<DaemonProcess> {
  const child = spawn(
    process.execPath,
    [bin, '--json', 'serve', '--port', '0', '--name', 'Test box', '--radio', options.radio, '--state', options.state],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: options.nodeOptions ?? '' },
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log += String(text)));
  let said = '';
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    said += String(text);
    if (said.includes('\n')) break;
  }
  if (!said.includes('\n')) throw new Error(`the daemon did not start: ${log}`);
  const { id, url } = JSON.parse(said) as { id: string; url: string };
  return {
    id,
    url,
    pid: child.pid!,
    log: () => log,
    exited: exited.then(([code]) => code),
    async stop() {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

interface Answers {
  readonly status: Status;
  readonly island: Island;
  readonly messages: Message[];
  readonly files: FileInfo[];
}

export async function ask<K extends keyof Answers>(daemon: { readonly url: string }, what: K): Promise<Answers[K]> {
  return (await (await fetch(`${daemon.url}/api/${what}`)).json()) as Answers[K];
}

/** Asks again and again until the answer is as wished; the test's own timeout ends what never comes. */
export async function until<K extends keyof Answers>(
  daemon: { readonly url: string },
  what: K,
  wish: (answer: Answers[K]) => boolean,
): Promise<Answers[K]> {
  for (;;) {
    const answer = await ask(daemon, what);
    if (wish(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
