/** The box's daemon as a process of its own: `meshbox serve`, until it is stopped or ends by itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const meshbox = fileURLToPath(new URL('../meshbox.mjs', import.meta.url));

export interface DaemonOptions {
  readonly radio: string;
  readonly port: number;
  readonly state: string;
  readonly log: (line: string) => void;
}

export class Daemon {
  readonly url: string;
  /** Node id of the box, 16 hexadecimal digits. */
  readonly id: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;

  /** Resolves once the API answers. Fails with what the daemon itself said of why it can't run. */
  static async start({ radio, port, state, log }: DaemonOptions): Promise<Daemon> {
    const args = [meshbox, '--json', 'serve', '--radio', radio, '--port', String(port), '--state', state];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
    let problem = '';
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.startsWith('{')) problem = describe(line);
      else log(line.replace(/^\S+ /, 'box: ')); // without the daemon's own time stamp
    });
    const first = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    const line = await Promise.race([first, exited.then(() => undefined)]);
    if (line === undefined) throw new Error(problem || 'the box daemon ended at its start');
    const { url, id } = JSON.parse(line) as { url: string; id: string };
    return new Daemon(url, id, child, exited);
  }

  private constructor(url: string, id: string, child: ChildProcess, exited: Promise<number>) {
    this.url = url;
    this.id = id;
    this.#child = child;
    this.#exited = exited;
  }

  /** Its exit code, whenever it ends. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

function describe(json: string): string {
  const { error } = JSON.parse(json) as { error: { message: string; remedy: string } };
  return `${error.message}.\n  ${error.remedy}`;
}
