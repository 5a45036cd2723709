/** A section of the page with its heading. */
import type { ComponentChildren } from 'preact';

export interface CardProps {
  /** Names the section: its element's id and class. */
  readonly name: string;
  readonly title: ComponentChildren;
  /** Beside the heading. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Card({ name, title, aside, children }: CardProps) {
  return (
    <section id={name} class={`card ${name}`} aria-labelledby={`${name}-title`}>
      <header class="card-head">
        <h2 id={`${name}-title`}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** What stands where there is nothing yet: says what to do. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
