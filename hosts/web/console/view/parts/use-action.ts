/** One request at a time from a button or form, with its failure. */
import { useState } from 'preact/hooks';
import { ApiFailure } from '../../state/api.js';

export interface Action {
  readonly busy: boolean;
  readonly failure: ApiFailure | undefined;
  /** Resolves true if the request was answered. */
  readonly run: (request: () => Promise<void>) => Promise<boolean>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure | undefined>(undefined);
  const run = async (request: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await request();
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setFailure(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run };
}
