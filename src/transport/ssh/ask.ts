import type { Secret } from '../../core/base/secret.ts';

export interface Question {
  readonly kind: 'passphrase' | 'password' | 'become-password' | 'challenge' | 'confirmation';
  /**
   * What is asked and for which host, in api7-orch's own words, without a colon: `gw-1 (10.0.0.7:22): password of ops`.
   */
  readonly what: string;
  /** The server's own words, printed as a quotation below the question. */
  readonly quoted?: readonly string[];
  /** Whether the answer is visible while typing. */
  readonly echo: boolean;
}

/** Asks the operator. `undefined`: no terminal, or no answer. */
export type Ask = (question: Question) => Promise<Secret | undefined>;

const answers = new WeakMap<Ask, Map<string, Promise<Secret | undefined>>>();

/**
 * Asks once, however often the answer is needed. Only for questions that are the same on many hosts (a key's
 * passphrase).
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

/** Returns earlier answers and asks nothing: for work without an operator present. */
export function askNothing(ask: Ask): Ask {
  const silent: Ask = async () => undefined;
  answers.set(silent, new Map(answers.get(ask)));
  return silent;
}
