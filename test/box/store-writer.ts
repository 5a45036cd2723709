/** Stores blocks and records for ever, and says of each when it is durable; store.test.ts kills it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ContentStore, Journal } from '../../hosts/box/store/index.js';

const place = process.argv[2]!;
await mkdir(place, { recursive: true });
const content = await ContentStore.open(join(place, 'content'));
const partial = await content.partial('b'.repeat(64), 4_000_000, 1_000);
const journal = await Journal.open<{ name: string; value: number }>({
  file: join(place, 'journal'),
  key: ({ name }) => name,
  valid: (value): value is { name: string; value: number } => typeof value === 'object',
  capacity: 10_000,
});
for (let i = journal.values().length; ; i += 1) {
  const block = new Uint8Array(1_000).fill(i);
  await partial.store(i, block);
  process.stdout.write(`block ${i}\n`);
  await journal.put({ name: `r${i}`, value: i });
  process.stdout.write(`record ${i}\n`);
}
