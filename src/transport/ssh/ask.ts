import type { Secret } from '../../core/base/secret.ts';

export interface Question {
  readonly kind: 'passphrase' | 'password' | 'become-password' | 'challenge' | 'confirmation';
  /** What is wanted, as a person reads it, without a colon at its end: `password of ops`. */
  readonly what: string;
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
}

/** Asks whoever started this. `undefined`: there is nobody to ask, or nobody who will answer. */
export type Ask = (question: Question) => Promise<Secret | undefined>;

const answers = new WeakMap<Ask, Map<string, Promise<Secret | undefined>>>();

/**
 * Asks what is the same for many hosts a single time, however many of them need it and however often they connect.
 *
 * @example const password = await askOnce(ask, { kind: 'password', what: 'password of ops', echo: false });
 */
export function askOnce(ask: Ask, question: Question): Promise<Secret | undefined> {
  const given = answers.get(ask) ?? new Map<string, Promise<Secret | undefined>>();
  answers.set(ask, given);
  const name = `${question.kind} ${question.what}`;
  const answer = given.get(name) ?? ask(question);
  given.set(name, answer);
  return answer;
}

/** Gives the answers that were given once, and asks nothing: for what is done while nobody is there to be asked. */
export function askNothing(ask: Ask): Ask {
  const silent: Ask = async () => undefined;
  answers.set(silent, new Map(answers.get(ask)));
  return silent;
}
