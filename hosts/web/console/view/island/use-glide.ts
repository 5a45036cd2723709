/** Moves what is drawn from its old places to new ones in one smooth step; at once for a resized drawing or reduced motion. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Size } from '../../model/fit.js';
import type { Places } from '../../model/tangle.js';

const glideTime = 500;

export function useGlide(target: Places, size: Size): Places {
  const [shown, setShown] = useState(target);
  const current = useRef(target);
  const drawnFor = useRef(size);

  useEffect(() => {
    const from = current.current;
    const show = (places: Places): void => {
      current.current = places;
      setShown(places);
    };
    const resized = drawnFor.current !== size;
    drawnFor.current = size;
    if (resized || from === target || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      show(target);
      return undefined;
    }
    let start: number | undefined;
    let frame = requestAnimationFrame(function step(now) {
      start ??= now;
      const time = Math.min(1, (now - start) / glideTime);
      show(time < 1 ? between(from, target, 1 - (1 - time) ** 3) : target);
      if (time < 1) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [target, size]);

  return shown;
}

/** Nodes that were not there before stand at their target. */
function between(from: Places, to: Places, part: number): Places {
  return new Map(
    [...to].map(([id, { x, y }]) => {
      const old = from.get(id) ?? { x, y };
      return [id, { x: old.x + (x - old.x) * part, y: old.y + (y - old.y) * part }];
    }),
  );
}
