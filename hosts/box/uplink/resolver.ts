/**
 * Addresses and names for phones: dnsmasq(8) twice. One gives addresses and answers names for those who may use the uplink; the other knows only this box, so
 * that a phone without a purchase is led to the portal, and a tunnel through DNS has nowhere to go.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Problem } from '../../node/index.js';

export interface ResolverOptions {
  readonly lan: string;
  /** Address of the box on the phones' network. */
  readonly address: string;
  readonly localDnsPort: number;
  /** Addresses to lend, `first,last`; undefined: something else does it. */
  readonly lend: string | undefined;
  /** Name servers on the Internet; empty: those of /etc/resolv.conf. */
  readonly servers: readonly string[];
  readonly leases: string;
  readonly log: (line: string) => void;
}

/** Answer to every name of a phone that may not pass: an address that nobody has (RFC 5737), so that the filter leads plain HTTP to the portal and refuses the rest at once. */
const PORTAL_LURE = '192.0.2.1';

const COMMON = [
  '--keep-in-foreground',
  '--bind-interfaces',
  '--no-hosts',
  '--conf-file=/dev/null',
  '--pid-file=',
  '--user=root',
  '--except-interface=lo',
];

export class Resolver {
  readonly #processes: ChildProcess[];
  #stopped = false;

  private constructor(processes: ChildProcess[]) {
    this.#processes = processes;
  }

  /** Fails with a Problem `no-dnsmasq` or `dnsmasq-failed`. */
  static async start({ lan, address, localDnsPort, lend, servers, leases, log }: ResolverOptions): Promise<Resolver> {
    const full = [
      ...COMMON,
      `--interface=${lan}`,
      '--domain=meshbox.lan',
      `--address=/meshbox.lan/${address}`,
      '--stop-dns-rebind',
      ...(servers.length > 0 ? ['--no-resolv', ...servers.map((server) => `--server=${server}`)] : []),
      ...(lend === undefined
        ? []
        : [`--dhcp-range=${lend},1h`, `--dhcp-leasefile=${leases}`, `--dhcp-option=option:router,${address}`, '--dhcp-authoritative']),
    ];
    // Every name leads to the portal, for a second: when the phone may pass, it asks again.
    const local = [
      ...COMMON,
      `--interface=${lan}`,
      `--port=${localDnsPort}`,
      '--no-resolv',
      `--address=/#/${PORTAL_LURE}`,
      `--address=/meshbox.lan/${address}`,
      '--local-ttl=1',
    ];
    const resolver = new Resolver(await Promise.all([full, local].map((args) => run(args))));
    for (const child of resolver.#processes)
      child.once('exit', () => resolver.#stopped || log('uplink: dnsmasq ended; phones get no names until the daemon is started again'));
    return resolver;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const child of this.#processes) {
      if (child.exitCode !== null) continue;
      child.kill();
      await once(child, 'exit');
    }
  }
}

/** dnsmasq says on one line why it can't start and ends; one that lives after this has started. */
const SETTLED = 300;

async function run(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('dnsmasq', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = text.trim()));
  return new Promise((resolve, reject) => {
    const settled = setTimeout(() => resolve(child), SETTLED);
    child.once('error', () => {
      clearTimeout(settled);
      reject(new Problem('no-dnsmasq', 'dnsmasq is not installed', 'Install it with `apt-get install dnsmasq-base`.'));
    });
    child.once('exit', () => {
      clearTimeout(settled);
      reject(new Problem('dnsmasq-failed', `dnsmasq did not start: ${said}`, 'Another server may hold the port: see `ss -lnup`.'));
    });
  });
}
