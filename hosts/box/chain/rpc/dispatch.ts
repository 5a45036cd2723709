/** Requests of JSON-RPC 2.0 to methods, one or a batch; every failure is an answer. */
import { Feeds } from './feeds.js';
import { asRpcError, methodsOf, type RpcOptions } from './methods.js';
import type { Connection, Dispatch } from './server.js';

/** Requests of one batch. */
const BATCH = 1_000;

export interface Rpc {
  readonly dispatch: Dispatch;
  stop(): void;
}

export function createRpc(options: Omit<RpcOptions, 'feeds'>): Rpc {
  const feeds = new Feeds(options.chain);
  const methods = methodsOf({ ...options, feeds });

  async function answer(request: unknown, connection?: Connection): Promise<unknown> {
    const { id = null, method, params = [] } = (typeof request === 'object' && request !== null ? request : {}) as Record<string, unknown>;
    const fail = (code: number, message: string, data?: unknown): unknown => ({
      jsonrpc: '2.0',
      id,
      error: { code, message, ...(data !== undefined && { data }) },
    });
    if (typeof method !== 'string' || !Array.isArray(params)) return fail(-32600, 'a request has a method and a list of params');
    const found = methods.get(method);
    if (!found) return fail(-32601, `the method ${method} does not exist here`);
    try {
      return { jsonrpc: '2.0', id, result: await found(params, connection) };
    } catch (error) {
      const { code, message, data } = asRpcError(error);
      return fail(code, message, data);
    }
  }

  return {
    dispatch: {
      async request(body, connection) {
        if (!Array.isArray(body)) return answer(body, connection);
        if (body.length === 0 || body.length > BATCH) return answer({});
        const answers: unknown[] = [];
        for (const each of body) answers.push(await answer(each, connection));
        return answers;
      },
      closed: (subscriptions) => subscriptions.forEach((id) => feeds.close(id)),
    },
    stop: () => feeds.stop(),
  };
}
