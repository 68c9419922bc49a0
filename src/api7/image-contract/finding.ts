/** A part of what api7-orch depends on in an image. */
export interface Term {
  readonly what: string;
  readonly expected: string;
  /** The consequence if it is not met, and a hint. */
  readonly next: string;
}

/** The result of one term. `notShown`: this trial does not show it. `next` is set for a difference. */
export interface Finding extends Omit<Term, 'next'> {
  readonly outcome: 'met' | 'differs' | 'notShown';
  readonly found: string;
  readonly next?: string;
}

export const met = ({ what, expected }: Term, found: string): Finding => ({ what, expected, outcome: 'met', found });

export const differs = (term: Term, found: string): Finding => ({ ...term, outcome: 'differs', found });

export const notShown = ({ what, expected }: Term, why: string): Finding => ({
  what,
  expected,
  outcome: 'notShown',
  found: why,
});

export const judged = (term: Term, isMet: boolean, found: string): Finding =>
  isMet ? met(term, found) : differs(term, found);

/** The trial's file has no effect, so nothing in it can be shown. */
export const fileNotRead = (term: Term): Finding => notShown(term, 'the configuration file is not read');
