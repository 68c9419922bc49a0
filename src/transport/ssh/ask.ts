import type { Secret } from '../../core/base/secret.ts';

export interface Question {
  readonly kind: 'passphrase' | 'password' | 'become-password' | 'challenge' | 'confirmation';
  /** What is wanted, and by which host, in the program's own words, without a colon: `gw-1 (10.0.0.7:22): password of ops`. */
  readonly what: string;
  /** The words of the server that asks. They are shown as a quotation, below ours. */
  readonly quoted?: readonly string[];
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
}

/** Asks whoever started this. `undefined`: there is nobody to ask, or nobody who will answer. */
export type Ask = (question: Question) => Promise<Secret | undefined>;

const answers = new WeakMap<Ask, Map<string, Promise<Secret | undefined>>>();

/**
 * Asks a single time, however often the answer is needed. Only what is the same on many hosts (a key's passphrase) may be
 * asked in the same words for all of them.
 *
 * @example const phrase = await askOnce(ask, { kind: 'passphrase', what: 'passphrase of the key /k', echo: false });
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
