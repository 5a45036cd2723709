/** Keeps a scrolling list at its end when it grows, unless the reader has scrolled back. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** About two lines: nearer to the end than this counts as being there. */
const slack = 48;

export function useFollowEnd<T extends HTMLElement>(length: number): RefObject<T | null> {
  const list = useRef<T>(null);
  const height = useRef(0);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const atEnd = element.scrollTop + element.clientHeight >= height.current - slack;
    if (atEnd) element.scrollTop = element.scrollHeight;
    height.current = element.scrollHeight;
  }, [length]);
  return list;
}
