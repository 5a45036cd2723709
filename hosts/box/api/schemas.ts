/** JSON schemas of the requests in types.ts; fastify refuses what does not fit before a route sees it. */

const address = { type: 'string', pattern: '^[0-9a-f]{16}(/[0-9a-f]{16})?$' };

export const messageBody = {
  type: 'object',
  required: ['to', 'text'],
  additionalProperties: false,
  properties: { to: address, text: { type: 'string', minLength: 1 } },
};

/** A name is at most 120 octets and a media type 80 on the wire (app.cddl); a name is never a path. */
export const fileQuery = {
  type: 'object',
  required: ['to', 'name'],
  additionalProperties: false,
  properties: {
    to: address,
    name: { type: 'string', minLength: 1, maxLength: 120, pattern: '^[^/\\\\\\u0000-\\u001f]+$' },
    type: { type: 'string', maxLength: 80, pattern: '^[a-z]+/[A-Za-z0-9!#$&^_.+-]+$', default: 'application/octet-stream' },
  },
};

export const pingBody = { type: 'object', required: ['to'], additionalProperties: false, properties: { to: address } };

export const sha256Params = { type: 'object', required: ['sha256'], properties: { sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' } } };
