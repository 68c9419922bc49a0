import type { ParsedKey, Prompt } from 'ssh2';
import { addressWithPort } from '../../../core/base/address-text.ts';
import { defined } from '../../../core/base/data.ts';
import { safeText } from '../../../core/base/safe-text.ts';
import type { Secret } from '../../../core/base/secret.ts';
import { type Ask, askOnce } from '../ask.ts';
import type { SshTarget } from '../target.ts';
import type { LockedKey } from './login-keys.ts';

/** `Password:`, `ops's password:`, `LDAP Password:`; but no prompt for a new or a one-time password. */
const PASSWORD = /\bpassword\b/i;
const OTHER_PASSWORD = /\b(new|current|old|retype|again|repeat|one.?time|otp|expired|token|code)\b/i;

/** The questions of one login attempt. */
export interface LoginQuestions {
  /** The user's password: from the inventory or `-k`, or asked for this host alone. `quoted`: the server's prompt. */
  password(quoted?: readonly string[]): Promise<Secret | undefined>;
  key(locked: LockedKey): Promise<ParsedKey | 'nobody' | 'wrong'>;
  /** Answers to a server's prompts, hidden or visible as it asks; or the first prompt without an answer. */
  prompts(said: readonly string[], prompts: readonly Prompt[]): Promise<readonly string[] | { readonly open: string }>;
  /** The current question. */
  pending(): Promise<unknown> | undefined;
}

/** `paused` stops the clock during a question. */
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
  const who = `${target.name} (${hostPort(target)})`;
  // An answer typed for one host goes to no other; a shared password comes from -k or the inventory.
  const password = async (quoted?: readonly string[]): Promise<Secret | undefined> => {
    if (target.password !== undefined || ask === undefined) return target.password;
    const what = `${who}: password of ${target.user}`;
    return await put(() => askOnce(ask, { kind: 'password', what, ...defined({ quoted }), echo: false }));
  };
  const challenge = async (said: readonly string[], prompt: Prompt): Promise<Secret | undefined> => {
    if (ask === undefined) return undefined;
    const quoted = quotation([...said, prompt.prompt]);
    const what = `${who}: answer for ${target.user}`;
    return await put(() => ask({ kind: 'challenge', what, quoted, echo: prompt.echo === true }));
  };
  return {
    password,
    key: (locked) => put(() => locked.unlock(ask)),
    async prompts(said, prompts) {
      const answers: string[] = [];
      for (const [index, prompt] of prompts.entries()) {
        const answer = await (wantsPassword(prompts)
          ? password(quotation([...said, prompt.prompt]))
          : challenge(index === 0 ? said : [], prompt));
        if (answer === undefined) return { open: shown(prompt.prompt) };
        answers.push(answer.reveal());
      }
      return answers;
    },
    pending: () => pending,
  };
}

/** Whether a server asks for the user's password and nothing else. */
export const wantsPassword = ([prompt, ...more]: readonly Prompt[]): boolean =>
  prompt !== undefined &&
  more.length === 0 &&
  prompt.echo !== true &&
  PASSWORD.test(prompt.prompt) &&
  !OTHER_PASSWORD.test(prompt.prompt);

const MOST_LINES = 20;
const MOST_CHARS = 200;

/** The first lines of a server's text. */
const quotation = (said: readonly string[]): readonly string[] =>
  said
    .flatMap((text) => shown(text).split('\n'))
    .filter((line) => line.trim() !== '')
    .slice(0, MOST_LINES)
    .map((line) => line.slice(0, MOST_CHARS));

const hostPort = ({ address, port }: SshTarget): string => addressWithPort(address, port);

/** A server's text without terminal control sequences. */
export const shown = (text: string): string => safeText(text.replaceAll('\r\n', '\n')).trim();
