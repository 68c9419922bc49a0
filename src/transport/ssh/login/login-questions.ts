import type { ParsedKey, Prompt } from 'ssh2';
import type { Secret } from '../../../core/base/secret.ts';
import { type Ask, askOnce } from '../ask.ts';
import type { SshTarget } from '../target.ts';
import type { LockedKey } from './login-keys.ts';

/** `Password:`, `ops's password:`, `LDAP Password:`; but neither a new one nor one that holds only once. */
const PASSWORD = /\bpassword\b/i;
const OTHER_PASSWORD = /\b(new|current|old|retype|again|repeat|one.?time|otp|expired|token|code)\b/i;

/** What one attempt at a login has to ask. */
export interface LoginQuestions {
  /** The user's password: as the inventory has it, or asked once for all hosts where the user has this name. */
  password(): Promise<Secret | undefined>;
  key(locked: LockedKey): Promise<ParsedKey | 'nobody' | 'wrong'>;
  /** Answers to a server's prompts, all of them hidden or shown as it says; or the first that nobody answers. */
  prompts(said: readonly string[], prompts: readonly Prompt[]): Promise<readonly string[] | { readonly open: string }>;
  /** What is being asked right now. */
  pending(): Promise<unknown> | undefined;
}

/** `paused` waits for an answer on nobody's time. */
export function loginQuestions(
  target: SshTarget,
  ask: Ask | undefined,
  paused: <T>(question: () => Promise<T>) => Promise<T>,
): LoginQuestions {
  let pending: Promise<unknown> | undefined;
  const put = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await paused(() => {
        const answer = question();
        pending = answer;
        return answer;
      });
    } finally {
      pending = undefined;
    }
  };
  const password = async (): Promise<Secret | undefined> => {
    if (target.password !== undefined || ask === undefined) return target.password;
    return await put(() => askOnce(ask, { kind: 'password', what: `password of ${target.user}`, echo: false }));
  };
  const challenge = async (said: readonly string[], prompt: Prompt): Promise<Secret | undefined> => {
    if (ask === undefined) return undefined;
    const text = [...said, prompt.prompt].map(shown).filter(Boolean).join('\n').replace(/:$/, '');
    return await put(() => ask({ kind: 'challenge', what: `${text} (${target.name})`, echo: prompt.echo === true }));
  };
  return {
    password,
    key: (locked) => put(() => locked.unlock(ask)),
    async prompts(said, prompts) {
      const answers: string[] = [];
      for (const [index, prompt] of prompts.entries()) {
        const answer = await (wantsPassword(prompts) ? password() : challenge(index === 0 ? said : [], prompt));
        if (answer === undefined) return { open: shown(prompt.prompt) };
        answers.push(answer.reveal());
      }
      return answers;
    },
    pending: () => pending,
  };
}

/** Whether it is the user's password that a server prompts for, and nothing else. */
export const wantsPassword = ([prompt, ...more]: readonly Prompt[]): boolean =>
  prompt !== undefined &&
  more.length === 0 &&
  prompt.echo !== true &&
  PASSWORD.test(prompt.prompt) &&
  !OTHER_PASSWORD.test(prompt.prompt);

/** A server's text without what could move a terminal's cursor or colour it. */
export const shown = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')
    .trim();
