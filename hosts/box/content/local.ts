/** What the command line needs of content without a box: the CID that a file will have, and media types. */
import { Hasher, leavesOf } from '../store/index.js';

export { mediaTypeOf } from './media-type.js';

export async function hashFile(path: string): Promise<string> {
  const hasher = new Hasher();
  for await (const leaf of leavesOf(path)) hasher.leaf(leaf);
  return hasher.finish().cid;
}
