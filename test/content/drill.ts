/** `npm run drill:content [-- KILLS] [-- --json]`: the kill drill at length. */
import { drill } from './kill-drill.js';

const words = process.argv.slice(2);
const { kills, wrong, promises } = await drill(Number(words.find((word) => /^\d+$/.test(word)) ?? 500));
console.log(
  `killed ${kills} times among ${promises} promises: ${wrong.length === 0 ? 'nothing lost, no orphan, sums exact' : wrong.join('\n')}`,
);
if (words.includes('--json')) console.log(JSON.stringify({ kills, promises, wrong }));
process.exit(wrong.length === 0 ? 0 : 1);
