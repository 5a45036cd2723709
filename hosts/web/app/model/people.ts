/** People one can write to, and the code that passes one on: on paper, as a QR code, in another letter. */

export interface Person {
  /** 66 hexadecimal digits. */
  readonly key: string;
  /** The box where letters reach the person. */
  readonly box: string;
  readonly name: string;
}

export const contactCode = ({ key, box, name }: Person): string => `meshbox:${box}.${key}.${encodeURIComponent(name)}`;

export function readContactCode(text: string): Person | undefined {
  const parts = /^meshbox:([0-9a-f]{16})\.(0[23][0-9a-f]{64})\.([^\s.]{1,360})$/.exec(text.trim());
  if (!parts) return undefined;
  try {
    return { box: parts[1]!, key: parts[2]!, name: decodeURIComponent(parts[3]!).slice(0, 40) };
  } catch {
    return undefined;
  }
}

export type LetterState = 'queued' | 'kept' | 'fetched' | 'read' | 'expired' | 'refused';

/** A letter as the phone keeps it, in the clear. */
export interface Letter {
  readonly id: string;
  /** Key of the other one. */
  readonly with: string;
  readonly mine: boolean;
  readonly text: string;
  readonly at: number;
  readonly state: LetterState;
}
