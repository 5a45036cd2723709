/** The services of a box, in the order of their start; they stop in the reverse order. */
import { startChain } from './chain/index.js';
import { startChannels } from './channels/index.js';
import { startContent } from './content/index.js';
import { startPost } from './post/index.js';
import type { StartService } from './service.js';
import { startUplink } from './uplink/index.js';

export const services: readonly StartService[] = [startChain, startChannels, startContent, startPost, startUplink];
