import { randomBytes } from 'node:crypto';
import type { Random } from '../../firmware/core/ports/index.js';

/** The kernel's generator. Its failure is not survivable: it is thrown where nobody catches it. */
export const systemRandom: Random = {
  request(length, done) {
    randomBytes(length, (error, bytes) => {
      if (error) throw error;
      done(new Uint8Array(bytes));
    });
  },
};
