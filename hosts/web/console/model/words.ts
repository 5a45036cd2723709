/** The words for each role and state, one place for all of them. Delivery states never claim more than is known. */
import type { FileInfo, IslandNode, Message } from '../../../box/api/types.js';

export const roleWords: Readonly<Record<IslandNode['role'], string>> = { box: 'Box', board: 'Board', leaf: 'Leaf' };

export const stateWords: Readonly<Record<IslandNode['state'], string>> = { up: 'up', silent: 'silent', unreachable: 'unreachable' };

export const stateHelp: Readonly<Record<IslandNode['state'], string>> = {
  up: 'It reports regularly.',
  silent: 'Nothing has come from it for three report periods.',
  unreachable: 'The box has no route to it.',
};

/** A leaf neither reports nor has a route: it is known by the boards that hear it. */
export const leafHelp: Readonly<Record<IslandNode['state'], string>> = {
  up: 'A board hears it.',
  silent: 'No board has heard it of late.',
  unreachable: 'No board hears it.',
};

export interface StateText {
  readonly word: string;
  readonly help: string;
}

export const messageWords: Readonly<Record<Message['state'], StateText>> = {
  queued: { word: 'Queued', help: 'On its way or waiting for a route. Nothing has confirmed it yet.' },
  delivered: { word: 'Delivered', help: 'The recipient confirmed that it arrived.' },
  unknown: { word: 'Unknown', help: 'No confirmation came in time. It may have arrived or not.' },
  refused: { word: 'Refused', help: 'It was turned down and has not arrived.' },
  received: { word: 'Received', help: 'It arrived at this box.' },
};

export function fileWords({ state, direction }: Pick<FileInfo, 'state' | 'direction'>): StateText {
  switch (state) {
    case 'moving':
      return direction === 'in'
        ? { word: 'Arriving', help: 'On its way to this box.' }
        : { word: 'Sending', help: 'On its way to the recipient.' };
    case 'complete':
      return direction === 'in'
        ? { word: 'Complete', help: 'All of it arrived and its sha256 is right.' }
        : { word: 'Delivered', help: 'The recipient confirmed all of it.' };
    case 'interrupted':
      return { word: 'Interrupted', help: 'It goes on by itself from here when the other end is back.' };
    case 'refused':
      return { word: 'Refused', help: 'The recipient turned it down.' };
  }
}
