/**
 * The post office as a service of the daemon.
 *
 *   POST /api/post/session   {key, challenge, signature, name?}    `post`: a token for half a day; a name lists the person for others on this box
 *   GET  /api/post?after=N   Bearer: letters after that number, what became of one's own, people on this box
 *   POST /api/post/letters   Bearer: {id, box, person, sealed}
 *   POST /api/post/read      Bearer: {ids}
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ByteWriter } from '../../../firmware/core/base/index.js';

import {
  decodePostMessage,
  encodePostMessage,
  LETTER_SEALED_MAX,
  POST_MESSAGE_MAX,
  type PostMessage,
} from '../../../firmware/core/wire/index.js';
import { messageOf, Problem } from '../../node/index.js';
import { hexOf, proofSchema, type Proof } from '../access/index.js';
import type { Service, ServiceContext } from '../service.js';
import { Journal } from '../store/index.js';
import { parseAddress } from '../traffic/index.js';
import { isLetterRecord, Office, recordKey, type LetterRecord } from './office.js';

/** Letters a box remembers, both ways: 3 kB each, 60 MB. */
const LETTERS = 20_000;
/** People that one box lists. */
const PEOPLE = 10_000;
/** How often what is due is sent again, in ms. */
const TICK = 2_000;
/** A session of a phone, in ms: it proves its key again after that. */
const SESSION = 12 * 3600 * 1000;

interface Person {
  readonly key: string;
  readonly name: string;
}

export async function startPost(context: ServiceContext): Promise<Service> {
  const { state, id: box, access, log, send } = context;
  const journal = await Journal.open<LetterRecord>({
    file: join(state, 'letters'),
    key: recordKey,
    valid: isLetterRecord,
    capacity: LETTERS,
  });
  const people = await Journal.open<Person>({ file: join(state, 'people'), key: ({ key }) => key, valid: isPerson, capacity: PEOPLE });
  for (const { damage } of [journal, people])
    if (damage)
      context.report(
        new Problem(
          'state-damaged',
          `${damage.file} had ${damage.lines} damaged records; every good one was kept`,
          `The damaged file is kept as ${damage.copiedTo}.`,
        ),
      );
  const deliver = async (to: string, message: PostMessage): Promise<boolean> => {
    const w = new ByteWriter(new Uint8Array(POST_MESSAGE_MAX));
    encodePostMessage(w, message);
    return (await send(parseAddress(to), w.written())) === 'delivered';
  };
  const failed = (error: unknown): void => log(`post: ${messageOf(error)}`);
  const office = new Office({
    journal,
    box,
    now: Date.now,
    failed,
    sendLetter: (to, { id, person, sealed, life }) =>
      deliver(to, { kind: 'letter', letter: octets(id), person: octets(person), sealed, life: Math.floor(life / 1_000) }),
    sendNews: (to, id, news) => deliver(to, { kind: 'letter-news', letter: octets(id), news }),
  });
  const timer = setInterval(() => office.tick(), TICK);
  const sessions = new Map<string, { readonly key: string; readonly until: number }>();
  const keyOf = (request: FastifyRequest): string => {
    const session = sessions.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (session && session.until > Date.now()) return session.key;
    throw new Problem('no-session', 'the phone has not proved its key', 'Sign a challenge with POST /api/post/session.');
  };

  return {
    routes(app: FastifyInstance) {
      app.post<{ Body: Proof & { name?: string } }>('/api/post/session', { schema: { body: sessionBody } }, async (request) => {
        const { key, name } = request.body;
        access.check(request.ip, request.body, 'post');
        if (name !== undefined && people.get(key)?.name !== name) await people.put({ key, name });
        const token = randomBytes(16).toString('hex');
        for (const [old, { until }] of sessions) if (until <= Date.now()) sessions.delete(old);
        sessions.set(token, { key, until: Date.now() + SESSION });
        return { token, box };
      });
      app.get<{ Querystring: { after: number } }>('/api/post', { schema: { querystring: afterQuery } }, async (request) => {
        const key = keyOf(request);
        const person = personOf(key);
        const letters = office.inbox(person, request.query.after);
        await office.mark(
          person,
          letters.map(({ id }) => id),
          'fetched',
        );
        return {
          letters: letters.map(({ id, number, sealed, at }) => ({ id, number, sealed, at })),
          sent: office.sent(key),
          people: people.values().map((each) => ({ ...each, box })),
        };
      });
      app.post<{ Body: { id: string; box: string; person: string; sealed: string } }>(
        '/api/post/letters',
        { schema: { body: letterBody } },
        async (request, reply) => {
          const key = keyOf(request);
          const { id, box: to, person } = request.body;
          const sealed = Buffer.from(request.body.sealed, 'base64');
          if (sealed.length === 0 || sealed.length > LETTER_SEALED_MAX)
            throw new Problem('too-large', `the letter has ${sealed.length} octets, a box takes ${LETTER_SEALED_MAX}`, 'Shorten it.');
          const { state: became } = await office.post(key, to, { id, person, sealed });
          return reply.code(202).send({ id, state: became });
        },
      );
      app.post<{ Body: { ids: string[] } }>('/api/post/read', { schema: { body: readBody } }, async (request) => {
        await office.mark(personOf(keyOf(request)), request.body.ids, 'read');
        return {};
      });
    },
    message(from, payload) {
      const message = decodePostMessage(payload, 0, payload.length);
      if (typeof message === 'number') return false;
      const node = hexText(from.node);
      const id = hexText(message.letter);
      const done =
        message.kind === 'letter'
          ? office.arrived(node, { id, person: hexText(message.person), sealed: message.sealed.slice(), life: message.life * 1_000 })
          : office.news(node, id, message.news);
      done.catch(failed);
      return true;
    },
    async stop() {
      clearInterval(timer);
      await journal.close();
      await people.close();
    },
  };
}

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const hexText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const personOf = (key: string): string => createHash('sha256').update(octets(key)).digest('hex').slice(0, 16);

function isPerson(value: unknown): value is Person {
  const { key, name } = (value ?? {}) as Partial<Record<keyof Person, unknown>>;
  return typeof key === 'string' && typeof name === 'string';
}

const sessionBody = {
  ...proofSchema(),
  properties: { ...(proofSchema() as { properties: object }).properties, name: { type: 'string', minLength: 1, maxLength: 40 } },
};
const afterQuery = { type: 'object', properties: { after: { type: 'integer', minimum: 0, default: 0 } } };
const letterBody = {
  type: 'object',
  required: ['id', 'box', 'person', 'sealed'],
  additionalProperties: false,
  properties: { id: hexOf(16), box: hexOf(8), person: hexOf(8), sealed: { type: 'string', minLength: 1, maxLength: 4 * 1024 + 8 } },
};
const readBody = {
  type: 'object',
  required: ['ids'],
  additionalProperties: false,
  properties: { ids: { type: 'array', maxItems: 500, items: hexOf(16) } },
};
