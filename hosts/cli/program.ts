/** `meshbox`: reads the command line, runs one command, and turns every outcome into an exit code. */
import { Command, CommanderError } from 'commander';
import { messageOf, Problem } from '../node/index.js';
import { ApiClient } from './api-client.js';
import { registerChain } from './commands/chain.js';
import { registerChannels } from './commands/channels.js';
import { getContent, isCid, registerContent } from './commands/content.js';
import { registerField } from './commands/field.js';
import { get } from './commands/get.js';
import { peers, ping, routes, status } from './commands/island.js';
import { send } from './commands/send.js';
import { registerUplink } from './commands/uplink.js';
import type { ServeOptions } from './commands/serve.js';
import { Exit, exitOf } from './exit-codes.js';
import { createOutput, type Output, type Streams } from './output.js';
import { version } from './version.js';

/** Where `npm start` and `meshbox serve` listen unless told otherwise. */
export const DEFAULT_PORT = 8480;

export interface Context {
  readonly api: ApiClient;
  readonly out: Output;
}

/** Runs one command line; answers its exit code. The heavy commands are loaded when they are asked for: the others answer in half the time. */
export async function run(args: readonly string[], streams: Streams = process): Promise<Exit> {
  const program = new Command('meshbox');
  let outcome: Exit = Exit.Ok;
  /** Gives a command its context, which follows from the global options. */
  const inContext =
    <A extends unknown[]>(command: (context: Context, ...args: A) => Promise<Exit | void>) =>
    async (...args: A): Promise<void> => {
      outcome = (await command(context(program, streams), ...args)) ?? Exit.Ok;
    };

  program
    .description('Talks to the MeshBox daemon of this machine, and runs it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--api <url>', 'address of the daemon', process.env['MESHBOX_API'] ?? `http://127.0.0.1:${DEFAULT_PORT}`)
    .option('--json', 'print answers and problems as JSON')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', HELP)
    .exitOverride()
    .argument('[command]')
    .usage('[options] <command>')
    .action((name?: string) => {
      throw new Problem(
        'usage',
        name === undefined ? 'no command was given' : `there is no command "${name}"`,
        '`meshbox --help` lists the commands.',
      );
    })
    .configureOutput({ writeOut: (text) => void streams.stdout.write(text), outputError: () => undefined });

  program.command('status').description('the box, its radio and its island').action(inContext(status));
  program.command('peers').description('the nodes of the island').action(inContext(peers));
  program.command('routes').description('which way each node is reached').action(inContext(routes));
  program.command('ping').argument('<to>', TO).description('time a round trip to a node').action(inContext(ping));
  program
    .command('send')
    .argument('<to>', TO)
    .argument('[text...]', 'the words of a text message')
    .option('-f, --file <path>', 'send a file instead of a text')
    .option('--type <media-type>', 'media type of the file (default: by its name)')
    .option('--no-wait', 'do not wait until it is delivered')
    .description('send a text or a file')
    .action(inContext(send));
  program
    .command('get')
    .argument('<sha256|cid>', 'which file: its CID, or its hash or the unique beginning of that')
    .option('-o, --output <path>', 'where to store it; - is standard output (default: its own name, here)')
    .option('--force', 'overwrite an existing file')
    .option('--from <holder...>', 'of a CID: who holds it, as http://address:port')
    .option('--keys <cid>', 'of a CID: the keys that were shared with you')
    .description('fetch a file that the box has received, or content by its CID')
    .action(inContext((given, wanted: string, options: object) => (isCid(wanted) ? getContent : get)(given, wanted, options)));
  registerContent(program, inContext);
  registerChain(program, inContext);
  registerChannels(program, inContext);
  registerUplink(program, inContext);
  program
    .command('doctor')
    .description('what is installed, what is missing, how to get it')
    .action(inContext(async (given) => (await import('./commands/doctor.js')).doctor(given)));
  program
    .command('serve')
    .option('--radio <device>', 'serial device of the board; auto: the only one that looks like a board', 'auto')
    .option('--state <folder>', 'where the box keeps its key, messages and files', '.state/box')
    .option('--port <number>', 'port of the console and the API', String(DEFAULT_PORT))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--name <name>', 'name of the box, for people', 'MeshBox')
    .description('run the daemon until it is stopped')
    .action(inContext(async (given, options: ServeOptions) => (await import('./commands/serve.js')).serve(given, options)));
  registerField(program, inContext);

  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return Exit.Ok; // Help or version was asked for, and printed.
    const problem = asProblem(error);
    createOutput(args.includes('--json'), streams).problem(problem);
    return exitOf[problem.code] ?? Exit.Failed;
  }
}

function context(program: Command, streams: Streams): Context {
  const { api, json } = program.opts<{ api: string; json?: boolean }>();
  if (!/^https?:\/\/[^/]+\/?$/.test(api))
    throw new Problem('usage', `"${api}" is not the address of a daemon`, 'Give one like http://127.0.0.1:8480 with --api.');
  return { api: new ApiClient(api), out: createOutput(json === true, streams) };
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CommanderError)
    return new Problem(
      'usage',
      error.message
        .replace(/^error: /, '')
        .replace(/\.?\n/g, '. ')
        .replace(/\.$/, ''),
      '`meshbox --help` lists the commands and options; `meshbox <command> --help` those of one.',
    );
  return new Problem('failed', messageOf(error), 'Try again; if it stays, `meshbox doctor` may show what is missing.');
}

const TO = 'node id, the unique beginning of one, or node/leaf';

const HELP = `
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 the daemon does not answer, 4 sent but nothing came back in time, 5 no such node or file.
The address of the daemon is also taken from the environment variable MESHBOX_API.`;
