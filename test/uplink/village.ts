/** A village in network namespaces: an Internet with a web server and names, a box that runs the real daemon between it and the phones, and phones with real DHCP and curl. */
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCurveKernels } from '../../firmware/core/crypto/index.js';
import { proofDigest } from '../../hosts/box/access/index.js';

const execute = promisify(execFile);
const curve = createCurveKernels();

/** Why the village can't be built on this machine, or undefined. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const absent = ['nft', 'ip', 'dnsmasq', 'udhcpc', 'curl'].filter(
    (tool) => !['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, tool))),
  );
  return absent.length > 0 ? `${absent.join(', ')} missing` : undefined;
}

export const BOX = '10.77.0.1';
export const WEB = '198.18.0.1';

export class Village {
  readonly folder: string;
  readonly #tag = `v${process.pid}x${randomBytes(2).toString('hex')}`;
  readonly #phones: Phone[] = [];
  readonly #processes: ChildProcess[] = [];
  #daemon: ChildProcess | undefined;
  /** Node id of the box. */
  id = '';

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async build(policy: object): Promise<Village> {
    const village = new Village(await mkdtemp(join(tmpdir(), 'meshbox-village-')));
    const { box, net } = village.spaces;
    await ip(`netns add ${box}`, `netns add ${net}`, `-n ${box} link set lo up`, `-n ${net} link set lo up`);
    await ip(
      `-n ${box} link add wan type veth peer name web netns ${net}`,
      `-n ${box} link add name lan address 02:00:00:00:77:01 type bridge`,
      `-n ${box} addr add ${BOX}/16 dev lan`,
      `-n ${box} addr add 198.18.0.2/24 dev wan`,
      `-n ${net} addr add ${WEB}/24 dev web`,
      `-n ${box} link set lan up`,
      `-n ${box} link set wan up`,
      `-n ${net} link set web up`,
      `-n ${box} -6 addr add fd77::1/64 dev lan nodad`,
      `-n ${box} -6 addr add fd51::2/64 dev wan nodad`,
      `-n ${net} -6 addr add fd51::1/64 dev web nodad`,
      `-n ${net} -6 route add fd77::/64 via fd51::2`,
    );
    await inside(box, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    // Without segmentation offload every segment is a packet, as on a radio.
    for (const [space, device] of [
      [box, 'wan'],
      [net, 'web'],
    ] as const)
      await inside(space, 'ethtool', ['-K', device, 'tso', 'off', 'gso', 'off', 'gro', 'off']).catch(() => undefined);
    await village.#serve(net, new URL('internet.mjs', import.meta.url).pathname);
    village.#spawn('ip', [
      'netns',
      'exec',
      net,
      'dnsmasq',
      '--keep-in-foreground',
      '--no-resolv',
      '--no-hosts',
      '--conf-file=/dev/null',
      '--pid-file=',
      '--user=root',
      `--address=/#/${WEB}`,
    ]);
    await mkdir(village.state, { recursive: true });
    await writeFile(
      join(village.state, 'uplink.json'),
      JSON.stringify({ lan: 'lan', wan: 'wan', address: BOX, lend: '10.77.1.1,10.77.1.200', servers: [WEB], ...policy }),
    );
    return village;
  }

  get spaces(): { readonly box: string; readonly net: string } {
    return { box: `${this.#tag}-box`, net: `${this.#tag}-net` };
  }

  get state(): string {
    return join(this.folder, 'state');
  }

  /** Starts the daemon; resolves when it answers. */
  async start(): Promise<void> {
    const root = new URL('../../', import.meta.url).pathname;
    const args = [
      'netns',
      'exec',
      this.spaces.box,
      process.execPath,
      'hosts/cli/meshbox.mjs',
      '--json',
      'serve',
      '--radio',
      '/dev/ttyNONE',
    ];
    const daemon = spawn('ip', [...args, '--state', this.state, '--host', '0.0.0.0', '--port', '80'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#daemon = daemon;
    let said = '';
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    this.id = await new Promise<string>((resolve, reject) => {
      createInterface({ input: daemon.stdout }).on('line', (line) => resolve((JSON.parse(line) as { id: string }).id));
      daemon.once('exit', () => reject(new Error(`the daemon ended: ${said}`)));
    });
  }

  /** kill -9, as a power cut would. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill(signal);
    await ended;
    // dnsmasq outlives a killed daemon.
    await inside(this.spaces.box, 'pkill', ['-x', '--ns', String(await this.#pidIn()), '--nslist', 'net', 'dnsmasq']).catch(
      () => undefined,
    );
  }

  /** The owner at the command line of the box. */
  meshbox(...args: string[]): Promise<string> {
    const command = fileURLToPath(new URL('../../hosts/cli/meshbox.mjs', import.meta.url));
    return inside(this.spaces.box, process.execPath, [command, '--api', 'http://127.0.0.1', ...args, '--state', this.state]);
  }

  /** A phone; with an address it needs no DHCP. */
  async phone(address?: string, mac?: string): Promise<Phone> {
    const index = this.#phones.length;
    const phone = new Phone(this, `${this.#tag}-p${index}`);
    this.#phones.push(phone);
    const port = `p${index}`;
    await ip(
      `netns add ${phone.space}`,
      `-n ${this.spaces.box} link add ${port} type veth peer name wlan netns ${phone.space}`,
      `-n ${this.spaces.box} link set ${port} master lan up`,
      ...(mac === undefined ? [] : [`-n ${phone.space} link set wlan address ${mac}`]),
      `-n ${phone.space} link set wlan up`,
      `-n ${phone.space} -6 addr add fd77::1:${(index + 1).toString(16)}/64 dev wlan nodad`,
      `-n ${phone.space} -6 route add default via fd77::1`,
    );
    if (address === undefined) await phone.lease(this.folder);
    else await ip(`-n ${phone.space} addr add ${address}/16 dev wlan`, `-n ${phone.space} route add default via ${BOX}`);
    return phone;
  }

  async owner(): Promise<string> {
    return (await readFile(join(this.state, 'owner.token'), 'utf8')).trim();
  }

  /** Octets of IP packets through the interface of the Internet, as the interface counts frames: 14 of Ethernet each are taken off. */
  async wan(): Promise<number> {
    const out = await inside(this.spaces.box, 'ip', ['-j', '-s', 'link', 'show', 'wan']);
    const { rx, tx } = (JSON.parse(out) as [{ stats64: Record<'rx' | 'tx', { bytes: number; packets: number }> }])[0].stats64;
    return rx.bytes + tx.bytes - 14 * (rx.packets + tx.packets);
  }

  async raze(): Promise<void> {
    await this.kill('SIGTERM');
    for (const child of this.#processes) child.kill('SIGKILL');
    for (const { space } of this.#phones) await ip(`netns del ${space}`).catch(() => undefined);
    await ip(`netns del ${this.spaces.box}`, `netns del ${this.spaces.net}`).catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #pidIn(): Promise<number> {
    const { stdout } = await execute('ip', ['netns', 'pids', this.spaces.box]);
    return Number(stdout.trim().split('\n')[0]);
  }

  #spawn(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#processes.push(child);
    return child;
  }

  async #serve(space: string, script: string): Promise<void> {
    const child = this.#spawn('ip', ['netns', 'exec', space, process.execPath, script]);
    await new Promise((resolve) => createInterface({ input: child.stdout! }).once('line', resolve));
  }
}

export interface Refusal {
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly octets: number;
  readonly seconds: number;
  readonly location: string;
}

export class Phone {
  readonly space: string;
  readonly secret = new Uint8Array(randomBytes(32));
  readonly key: string;
  readonly #village: Village;

  constructor(village: Village, space: string) {
    this.#village = village;
    this.space = space;
    const key = new Uint8Array(33);
    if (!curve.publicKey(key, this.secret)) throw new Error('a bad secret');
    this.key = Buffer.from(key).toString('hex');
  }

  /** Asks the box for an address, as a phone does. */
  async lease(folder: string): Promise<void> {
    const script = join(folder, `lease-${this.space}`);
    await writeFile(
      script,
      `#!/bin/sh\n[ "$1" = bound ] || exit 0\nip addr add $ip/16 dev wlan\nip route add default via $router\necho "$ip $dns" > ${script}.got\n`,
      { mode: 0o755 },
    );
    await inside(this.space, 'udhcpc', ['-i', 'wlan', '-n', '-q', '-f', '-t', '10', '-T', '1', '-s', script]);
  }

  /** status 0: refused or no answer in time. */
  async fetch(
    url: string,
    { seconds = 10, body, method, headers = [] }: { seconds?: number; body?: object; method?: string; headers?: string[] } = {},
  ): Promise<Answer> {
    const args = ['-s', '-g', '-m', String(seconds), '-w', '\n%{http_code} %{size_download} %{time_total} %{redirect_url}', url];
    if (method !== undefined) args.push('-X', method);
    if (body !== undefined) args.push('-H', 'content-type: application/json', '-d', JSON.stringify(body));
    for (const header of headers) args.push('-H', header);
    if (/\/bytes\//.test(url)) args.push('-o', '/dev/null');
    let out: string;
    try {
      out = (await execute('ip', ['netns', 'exec', this.space, 'curl', ...args], { maxBuffer: 1 << 26 })).stdout;
    } catch (error) {
      out = (error as { stdout?: string }).stdout ?? '';
    }
    const at = out.lastIndexOf('\n');
    const [status, octets, time, location] = out.slice(at + 1).split(' ');
    return { status: Number(status), body: out.slice(0, at), octets: Number(octets), seconds: Number(time), location: location ?? '' };
  }

  async api<T>(path: string, options: { body?: object; method?: string; headers?: string[] } = {}): Promise<T & Refusal> {
    const method = options.method ?? (options.body ? 'POST' : 'GET');
    const { status, body } = await this.fetch(`http://${BOX}${path}`, { ...options, method });
    assert.notEqual(status, 0, `${method} ${path} was not answered`);
    return JSON.parse(body) as T & Refusal;
  }

  /** A signed request: what the app does. */
  async prove(request: string, secret = this.secret): Promise<{ key: string; challenge: string; signature: string }> {
    const { challenge } = await this.api<{ challenge: string }>('/api/challenge', { method: 'POST' });
    const signature = new Uint8Array(65);
    curve.sign(signature, proofDigest(this.#village.id, challenge, request), secret);
    return { key: this.key, challenge, signature: Buffer.from(signature.subarray(0, 64)).toString('hex') };
  }

  async bind(): Promise<Meter> {
    return this.api('/api/uplink/session', { body: await this.prove('session') });
  }

  async buy(
    octets: number,
    id = randomBytes(16).toString('hex'),
  ): Promise<{ state: string; price: string; meter: Meter; error?: { code: string } }> {
    return this.api('/api/uplink/purchases', { body: { ...(await this.prove(`buy ${id} ${octets}`)), id, octets } });
  }

  /** The owner takes cash and credits this phone. */
  async payIn(amount: number): Promise<void> {
    const body = { id: randomBytes(8).toString('hex'), key: this.key, kind: 'cash-in', amount: String(amount) };
    const booked = await this.api<object>('/api/till/slips', { body, headers: [`authorization: Bearer ${await this.#village.owner()}`] });
    if (booked.error) throw new Error(booked.error.message);
  }

  meter(): Promise<Meter & { error?: { code: string } }> {
    return this.api('/api/uplink/meter');
  }
}

export interface Meter {
  readonly bought: number;
  readonly used: number;
  readonly remaining: number;
  readonly balance: string;
}

async function ip(...commands: string[]): Promise<void> {
  for (const command of commands) await execute('ip', command.split(' '));
}

export async function inside(space: string, command: string, args: readonly string[]): Promise<string> {
  return (await execute('ip', ['netns', 'exec', space, command, ...args])).stdout;
}
