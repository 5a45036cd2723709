/**
 * Paid Internet as a service of the daemon: gate, sales, till, portal and names, joined and given a face over HTTP.
 *
 *   GET  /api/uplink             what is sold and how much is left of the owner's plan
 *   POST /api/uplink/session     {key, challenge, signature}                    `session`: bind this address to the key
 *   GET  /api/uplink/meter       of the caller's address: bought, used, remaining, balance
 *   POST /api/uplink/purchases   {key, challenge, signature, id, octets}        `buy <id> <octets>`
 *   PATCH /api/uplink/policy     owner: price, slow lane, cap, free for all
 *   GET  /api/till  POST /api/till/slips  PUT /api/till/closed                 owner: cash over the counter
 */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../node/index.js';
import { hexOf, proofSchema, type Proof } from '../access/index.js';
import { openOwner } from '../owner.js';
import type { Service, ServiceContext } from '../service.js';
import type { Damage } from '../store/index.js';
import { Till, type Slip } from '../till/index.js';
import { Gate } from './gate.js';
import { checkPolicy, gateRules, LOCAL_DNS_PORT, PORTAL_PORT, readPolicy, storePolicy, type Policy } from './policy.js';
import { Portal } from './portal.js';
import { Resolver } from './resolver.js';
import { Sales } from './sales.js';

/** Seconds that a binding lasts: a phone whose app is in the pocket goes on for half a day; a new address is bound when the app is opened. */
const BINDING = 12 * 3600;
/** Counts are stored so often, in ms: what a restart of the machine may give away. */
const CHECKPOINT = 10_000;

/** What the owner may change while phones are served. */
const CHANGEABLE: ReadonlySet<string> = new Set<keyof Policy>([
  'pricePerMegabyte',
  'slowLane',
  'slowRate',
  'cap',
  'freeForAll',
  'currency',
]);

export async function startUplink(context: ServiceContext): Promise<Service> {
  const first = await readPolicy(context.state);
  if (!first) return { stop: () => undefined };
  let policy = first;
  const { access, log, report } = context;
  const folder = join(context.state, 'uplink');
  await mkdir(folder, { recursive: true });
  const owner = await openOwner(context.state);
  const now = (): number => Date.now();
  const till = await Till.open({
    accounts: join(folder, 'accounts'),
    slips: join(folder, 'slips'),
    dailyLimit: BigInt(policy.dailyCash),
    now,
  });
  let sales: Sales | undefined;
  const gate = await Gate.open({ rules: gateRules(policy), depleted: (session) => void sales?.depleted(session), log });
  const selling = (sales = await Sales.open({
    sales: join(folder, 'sales'),
    customers: join(folder, 'customers'),
    gate,
    purse: till,
    pricePerMegabyte: () => BigInt(policy.pricePerMegabyte),
    now,
    log,
  }));
  for (const damage of [...till.damage, ...selling.damage]) report(damaged(damage));
  const keyAt = (ip: string): string | undefined => {
    const session = gate.sessionAt(ip);
    return session === undefined ? undefined : selling.keyOf(session);
  };
  const portal = await Portal.start({
    host: policy.address,
    port: PORTAL_PORT,
    appUrl: `http://${policy.address}/app`,
    remaining: async (ip) => (await selling.meters()).get(keyAt(ip) ?? '')?.remaining,
  });
  const resolver = await Resolver.start({
    lan: policy.lan,
    address: policy.address,
    localDnsPort: LOCAL_DNS_PORT,
    lend: policy.lend,
    servers: policy.servers ?? [],
    leases: join(folder, 'leases'),
    log,
  });
  const timer = setInterval(
    () => void selling.checkpoint().catch((error: unknown) => log(`uplink: counts not stored: ${String(error)}`)),
    CHECKPOINT,
  );
  log(`uplink: Internet from ${policy.wan} is sold on ${policy.lan}; portal at ${portal.url}`);

  const routes = (app: FastifyInstance): void => {
    app.get('/api/uplink', async () => ({
      box: context.id,
      pricePerMegabyte: policy.pricePerMegabyte,
      currency: policy.currency,
      slowLane: policy.slowLane,
      slowRate: policy.slowRate,
      freeForAll: policy.freeForAll,
      ...(policy.cap !== undefined && { cap: policy.cap }),
      ...(await gate.totals()),
    }));
    app.post<{ Body: Proof }>('/api/uplink/session', { schema: { body: proofSchema() } }, async (request) => {
      access.check(request.ip, request.body, 'session');
      const { session } = await selling.customer(request.body.key);
      await gate.bind(session, { ip: request.ip, mac: await macOf(request.ip, policy.lan) }, BINDING);
      return meter(request.body.key);
    });
    app.get('/api/uplink/meter', async (request) => {
      const key = keyAt(request.ip);
      if (key === undefined)
        throw new Problem('not-bound', `${request.ip} is not bound to a key`, 'Sign a challenge with POST /api/uplink/session.');
      return meter(key);
    });
    app.post<{ Body: Proof & { id: string; octets: number } }>(
      '/api/uplink/purchases',
      { schema: { body: proofSchema({ id: { type: 'string', pattern: '^[0-9a-f]{32}$' }, octets: { type: 'integer', minimum: 1 } }) } },
      async (request) => {
        const { key, id, octets } = request.body;
        access.check(request.ip, request.body, `buy ${id} ${octets}`);
        const sale = await selling.buy(key, id, octets);
        return { ...sale, meter: await meter(key) };
      },
    );
    app.patch<{ Body: Partial<Policy> }>('/api/uplink/policy', async (request) => {
      owner.check(request);
      const fixed = Object.keys(request.body).find((field) => !CHANGEABLE.has(field));
      if (fixed !== undefined)
        throw new Problem(
          'policy',
          `"${fixed}" can't be changed while the box runs`,
          'Change it in uplink.json and start the daemon again.',
        );
      const next = checkPolicy({ ...policy, ...request.body }, 'the request');
      await gate.rules(gateRules(next));
      await storePolicy(context.state, next);
      policy = next;
      return policy;
    });
    app.get('/api/till', (request) => {
      owner.check(request);
      return { owed: String(till.owed()), slips: till.slips() };
    });
    app.post<{ Body: Omit<Slip, 'at'> }>('/api/till/slips', { schema: { body: slip } }, (request) => {
      owner.check(request);
      return till.book(request.body);
    });
    app.put<{ Body: { closed: boolean } }>('/api/till/closed', { schema: { body: closed } }, (request) => {
      owner.check(request);
      till.close(request.body.closed);
      return { closed: request.body.closed };
    });
  };
  const meter = async (key: string) => ({ ...(await selling.meters()).get(key), balance: String(till.balance(key)) });

  return {
    routes,
    async stop() {
      clearInterval(timer);
      await portal.stop();
      await resolver.stop();
      gate.stop();
      await selling.stop();
      await till.stop();
    },
  };
}

const run = promisify(execFile);

/** The MAC that the kernel sees behind an address of the phones' network. */
async function macOf(ip: string, lan: string): Promise<string> {
  const { stdout } = await run('ip', ['-j', 'neigh', 'show', 'to', ip, 'dev', lan]);
  const mac = (JSON.parse(stdout === '' ? '[]' : stdout) as { lladdr?: string }[])[0]?.lladdr;
  if (mac !== undefined) return mac;
  throw new Problem('not-local', `${ip} is not a phone on ${lan}`, "Join the box's own Wi-Fi and ask from there.");
}

function damaged({ file, lines, copiedTo }: Damage): Problem {
  return new Problem(
    'state-damaged',
    `${file} had ${lines} damaged records; every good one was kept`,
    `Compare it with the copy ${copiedTo}.`,
  );
}

const slip = {
  type: 'object',
  required: ['id', 'key', 'kind', 'amount'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 64 },
    key: hexOf(33),
    kind: { enum: ['cash-in', 'cash-out'] },
    amount: { type: 'string', pattern: '^[1-9][0-9]{0,77}$' },
  },
};

const closed = { type: 'object', required: ['closed'], additionalProperties: false, properties: { closed: { type: 'boolean' } } };
