/** What every component may reach: the store, the daemon's interface and the connection. Passed down, never global. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from '../state/api.js';
import type { Connection } from '../state/connection.js';
import type { Store } from '../state/store.js';

export interface Console {
  readonly store: Store;
  readonly api: Api;
  readonly connection: Connection;
}

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  const value = useContext(ConsoleContext);
  if (value === undefined) throw new Error('a component of the console stands outside ConsoleContext');
  return value;
}
