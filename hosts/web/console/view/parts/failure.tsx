/** A failed action: what went wrong and what to do. */
import { sentence } from '../../model/format.js';
import type { ApiFailure } from '../../state/api.js';

export function Failure({ failure }: { readonly failure: ApiFailure | undefined }) {
  return (
    <div role="alert" class={failure ? 'failure' : undefined}>
      {failure && (
        <>
          <strong>{sentence(failure.message)}</strong> {failure.remedy}
        </>
      )}
    </div>
  );
}
