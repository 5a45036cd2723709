/** JSON-RPC over HTTP and WebSocket, both at /rpc. What answers comes later: the chain is loaded while the daemon runs already. */
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';

/** A transaction of 128 KiB in hexadecimal, and a batch of some of them. */
const BODY_LIMIT = 2 * 2 ** 20;

/** Where subscriptions are pushed to. */
export interface Connection {
  push(subscription: string, value: unknown): void;
  opened(subscription: string): void;
}

export interface Dispatch {
  /** One request, or a batch of them. */
  request(body: unknown, connection?: Connection): Promise<unknown>;
  closed(subscriptions: ReadonlySet<string>): void;
}

/** Adds the routes; the caller's rules about hosts and origins hold for them. */
export async function rpcRoutes(app: FastifyInstance, ready: () => Promise<Dispatch>): Promise<void> {
  await app.register(websocket, { options: { maxPayload: BODY_LIMIT } });
  app.post('/rpc', { bodyLimit: BODY_LIMIT }, async (request) => (await ready()).request(request.body));
  app.get('/rpc', { websocket: true }, (socket) => {
    const open = new Set<string>();
    const send = (value: unknown): void => socket.send(JSON.stringify(value));
    const connection: Connection = {
      push: (subscription, result) => send({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription, result } }),
      opened: (subscription) => void open.add(subscription),
    };
    socket.on('message', (data: Buffer) => {
      let body: unknown;
      try {
        body = JSON.parse(data.toString());
      } catch {
        return send({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'this is no JSON' } });
      }
      void ready()
        .then((dispatch) => dispatch.request(body, connection))
        .then(send, () => socket.close(1011));
    });
    socket.on(
      'close',
      () =>
        void ready().then(
          (dispatch) => dispatch.closed(open),
          () => undefined,
        ),
    );
  });
}
