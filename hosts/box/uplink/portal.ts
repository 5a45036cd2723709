/**
 * The captive portal: every plain HTTP request of a phone that may not pass ends here. Probes of the phones' systems are led to one static page; a phone
 * whose person chose "stay on the island" gets the answer that its system wants to see, so that it does not leave for mobile data.
 *
 * Sources: the probe addresses that Android, Apple, Windows and Firefox use; RFC 8908 for the JSON.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface PortalOptions {
  readonly host: string;
  readonly port: number;
  /** Where the app of this box is, as a phone types it. */
  readonly appUrl: string;
  /** What the phone at the address may still carry, in octets; undefined: it is not bound. */
  readonly remaining: (ip: string) => Promise<number | undefined>;
}

/** Largest page that a mini-browser shows at once over a slow link. */
export const PORTAL_PAGE_MAX = 14 * 1024;
/** Phones that chose to stay on the island; the oldest is forgotten. */
const STAYING = 10_000;

const probes: Readonly<Record<string, readonly [number, string]>> = {
  '/generate_204': [204, ''],
  '/gen_204': [204, ''],
  '/hotspot-detect.html': [200, '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>'],
  '/library/test/success.html': [200, '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>'],
  '/connecttest.txt': [200, 'Microsoft Connect Test'],
  '/ncsi.txt': [200, 'Microsoft NCSI'],
  '/success.txt': [200, 'success\n'],
  '/canonical.html': [200, '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'],
};

export class Portal {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(options: PortalOptions): Promise<Portal> {
    const staying = new Set<string>();
    const server = createServer((request, response) => void answer(options, staying, request, response));
    server.requestTimeout = 10_000;
    server.headersTimeout = 5_000;
    server.listen(options.port, options.host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new Portal(server, `http://${options.host}:${port}`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(options: PortalOptions, staying: Set<string>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const ip = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const path = (request.url ?? '/').split('?')[0]!;
  const send = (status: number, type: string, body: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  request.resume();
  if (path === '/portal/stay' && request.method === 'POST') {
    staying.add(ip);
    for (const oldest of staying) {
      if (staying.size <= STAYING) break;
      staying.delete(oldest);
    }
    return send(303, 'text/plain; charset=utf-8', 'You stay on the island.\n', { location: '/portal' });
  }
  if (path === '/portal') return send(200, 'text/html; charset=utf-8', page(options.appUrl, staying.has(ip)));
  if (path === '/portal/api') {
    const remaining = await options.remaining(ip).catch(() => undefined);
    const body = {
      captive: remaining === undefined,
      'user-portal-url': `${options.appUrl}/`,
      ...(remaining !== undefined && { 'bytes-remaining': remaining }),
    };
    return send(200, 'application/captive+json', JSON.stringify(body));
  }
  const probe = probes[path];
  if (probe && staying.has(ip)) return send(probe[0], 'text/html; charset=utf-8', probe[1]);
  send(302, 'text/plain; charset=utf-8', 'Sign in to this network.\n', {
    location: `http://${options.host}:${request.socket.localPort}/portal`,
  });
}

function page(appUrl: string, stays: boolean): string {
  const url = appUrl.replace(/[<>&"']/g, '');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>MeshBox</title><style>
body{font:18px/1.5 system-ui,sans-serif;max-width:26em;margin:0 auto;padding:1.5em;color:#123;background:#f6f9f8}h1{font-size:1.4em}a.go,button{display:block;width:100%;box-sizing:border-box;
padding:.9em;margin:.8em 0;border:0;border-radius:.5em;font:inherit;text-align:center;text-decoration:none}a.go{background:#0a6b57;color:#fff}button{background:#dce8e4;color:#123}code{user-select:all}
</style></head><body><h1>Welcome to MeshBox</h1>
<p>Messages, files and payments on the island are free and need no Internet.</p>
<a class="go" href="${url}/">Open the app</a>
<p>If this window closes, open your browser and type <code>${url}</code></p>
<form method="post" action="/portal/stay"><button>${stays ? 'You stay on the island network' : 'Stay on the island network without Internet'}</button></form>
<p><small>Internet beyond the island is sold by the megabyte in the app. Emergency calls (SOS) are always free.</small></p></body></html>`;
}
