/** Line icons on a 16 by 16 grid. Decoration beside words, so hidden from screen readers. */

const paths = {
  check: 'M3 8.5 6.5 12 13 4.5',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 3v3l2 1.5',
  question: 'M6 6a2 2 0 1 1 2.8 1.9c-.5.3-.8.7-.8 1.3M8 11.6v.2M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z',
  cross: 'm4 4 8 8m0-8-8 8',
  in: 'M8 2.5v8m-3.5-3L8 11l3.5-3.5M3 13.5h10',
  out: 'M8 11V3M4.5 6.5 8 3l3.5 3.5M3 13.5h10',
  pause: 'M5.5 3.5v9m5-9v9',
  file: 'M4 1.8h5L12.5 5v9.2H4ZM9 1.8V5h3.5',
  send: 'M2 8 14 2.5 10.5 14 8 9Z',
  ping: 'M8 8v.1M5 11a4.2 4.2 0 0 1 0-6m6 0a4.2 4.2 0 0 1 0 6M2.8 13.2a7.3 7.3 0 0 1 0-10.4m10.4 0a7.3 7.3 0 0 1 0 10.4',
  arrange: 'M3 3h4v4H3Zm6 6h4v4H9ZM9 3h4v4H9ZM3 9h4v4H3Z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
