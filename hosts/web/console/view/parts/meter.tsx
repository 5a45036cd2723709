/** A pool's high-water mark against its size. */
import { share } from '../../model/format.js';

/** A board whose pool is full restarts; from four fifths on it is worth a look. */
const highShare = 80;

export function Meter({
  name,
  peak,
  size,
  text,
}: {
  readonly name: string;
  readonly peak: number;
  readonly size: number;
  readonly text: string;
}) {
  const percent = share(peak, size);
  const high = percent >= highShare;
  return (
    <div class="meter">
      <span>{name}</span>
      <span class="quiet">{`${text} · ${percent} %${high ? ', high' : ''}`}</span>
      <div
        role="meter"
        aria-label={`${name} peak`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={`${text}, ${percent} percent`}
      >
        <div class={high ? 'bar high' : 'bar'} style={{ width: `${percent}%` }} />
      </div>
    </div>
  );
}
