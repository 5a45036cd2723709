import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Event, FileInfo, Message } from '../../box/api/index.js';
import { messageOf, Problem, systemCode } from '../../node/index.js';
import type { ApiClient } from '../api-client.js';
import { Exit } from '../exit-codes.js';
import type { Context } from '../program.js';
import { resolveAddress } from '../resolve.js';

interface SendOptions {
  readonly file?: string;
  readonly type?: string;
  readonly wait: boolean;
}

export async function send(context: Context, to: string, words: readonly string[], options: SendOptions): Promise<Exit> {
  const text = words.join(' ');
  if ((text === '') === (options.file === undefined))
    throw new Problem(
      'usage',
      'give either the words of a text or --file',
      'For example `meshbox send 4be1 Hello there`, or `meshbox send 4be1 --file photo.jpg`.',
    );
  return options.file === undefined ? sendText(context, to, text, options) : sendFile(context, to, options.file, options);
}

async function sendText({ api, out }: Context, to: string, text: string, { wait }: SendOptions): Promise<Exit> {
  const address = await resolveAddress(api, to);
  const message = await followed(api, wait, async (settled) => {
    const sent = await api.sendText(address, text);
    return settled(sent, (event) => {
      const found = event.type === 'message' && event.message.key === sent.key ? event.message : undefined;
      return found?.state === 'queued' ? undefined : found;
    });
  });
  const says: Readonly<Record<Message['state'], string>> = {
    queued: `queued for ${address}`,
    delivered: `delivered to ${address}`,
    unknown: `sent to ${address}, but nothing came back in time: it may still have arrived`,
    refused: `${address} refused it or cannot be reached`,
    received: `received from ${address}`,
  };
  out.answer(message, says[message.state]);
  return message.state === 'unknown' ? Exit.Unknown : message.state === 'refused' ? Exit.Failed : Exit.Ok;
}

async function sendFile({ api, out }: Context, to: string, path: string, { wait, type }: SendOptions): Promise<Exit> {
  const size = await sizeOf(path);
  const address = await resolveAddress(api, to);
  const name = basename(path);
  const bar = out.progress(name, size);
  const file = await followed(api, wait, async (settled) => {
    const sent = await api.sendFile(
      address,
      name,
      type ?? mediaTypes[extname(name).toLowerCase()] ?? 'application/octet-stream',
      createReadStream(path),
    );
    return settled(sent, (event) => {
      if (event.type !== 'file') return undefined;
      const { sha256, peer, direction, received, state } = event.file;
      if (sha256 !== sent.sha256 || peer !== address || direction !== 'out') return undefined;
      bar.update(received);
      return state === 'moving' || state === 'interrupted' ? undefined : event.file;
    });
  }).finally(() => bar.stop());
  const says: Readonly<Record<FileInfo['state'], string>> = {
    moving: `${name} is on its way to ${address}, ${file.sha256}`,
    interrupted: `${name} waits for ${address} to come back, ${file.sha256}`,
    complete: `${name} is delivered to ${address}, ${file.octets} octets, ${file.sha256}`,
    refused: `${address} refused ${name}`,
  };
  out.answer(file, says[file.state]);
  return file.state === 'refused' ? Exit.Failed : Exit.Ok;
}

/** Takes what was sent, and waits for the event that settles it. */
type Settled = <T>(sent: T, pick: (event: Event) => T | undefined) => Promise<T>;

/** Follows the events from before anything is sent, so that no outcome is missed; without `wait` whatever was sent is the answer. */
async function followed<T>(api: ApiClient, wait: boolean, send: (settled: Settled) => Promise<T>): Promise<T> {
  if (!wait) return send(async (sent) => sent);
  const events = api.events();
  try {
    await events.next();
    return await send(async (_sent, pick) => {
      for await (const event of events) {
        const found = pick(event);
        if (found !== undefined) return found;
      }
      throw new Problem(
        'unreachable',
        'the daemon went away while it was followed',
        'What was sent is kept by the daemon: start it again, then look with `meshbox status`.',
      );
    });
  } finally {
    await events.return(undefined);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isFile())
      throw new Problem('usage', `${path} is not a file`, 'Name one file with --file; pack a folder into an archive first.');
    return found.size;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw systemCode(error) === 'ENOENT'
      ? new Problem('usage', `there is no file ${path}`, 'Name an existing file with --file.')
      : new Problem('failed', `${path} cannot be read: ${messageOf(error)}`, 'Check its permissions.');
  }
}

/** By file name; everything else is octets. */
const mediaTypes: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.pdf': 'application/pdf',
  '.txt': 'text/plain',
  '.json': 'application/json',
  '.zip': 'application/zip',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
};
