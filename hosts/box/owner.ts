/** The owner's token: made at the first start, in a file that only the owner of the machine reads. Requests that change money or policy carry it. */
import { randomBytes, timingSafeEqual, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { Problem, systemCode, writeDurably } from '../node/index.js';

export interface Owner {
  /** Fails with a Problem `owner-only` unless the request carries `authorization: Bearer <token>`. */
  check(request: FastifyRequest): void;
}

export async function openOwner(state: string): Promise<Owner> {
  const file = join(state, 'owner.token');
  const token = (await read(file)) ?? randomBytes(32).toString('hex');
  await writeDurably(file, Buffer.from(`${token}\n`), 0o600);
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return {
    check(request) {
      if (timingSafeEqual(digest(request.headers.authorization ?? ''), wanted)) return;
      throw new Problem('owner-only', 'only the owner may do this', `Send the token of ${file} as \`authorization: Bearer ...\`.`);
    },
  };
}

async function read(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, 'latin1')).trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
