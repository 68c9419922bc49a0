import type { ParsedKey, Prompt } from 'ssh2';
import { addressWithPort } from '../../../core/base/address-text.ts';
import { defined } from '../../../core/base/data.ts';
import { safeText } from '../../../core/base/safe-text.ts';
import type { Secret } from '../../../core/base/secret.ts';
import { type Ask, askOnce } from '../ask.ts';
import type { SshTarget } from '../target.ts';
import type { LockedKey } from './login-keys.ts';

/** `Password:`, `ops's password:`, `LDAP Password:`; but neither a new one nor one that holds only once. */
const PASSWORD = /\bpassword\b/i;
const OTHER_PASSWORD = /\b(new|current|old|retype|again|repeat|one.?time|otp|expired|token|code)\b/i;

/** What one attempt at a login has to ask. */
export interface LoginQuestions {
  /** The user's password: as the inventory or `-k` has it, or asked for this host alone. `quoted`: how its server prompts. */
  password(quoted?: readonly string[]): Promise<Secret | undefined>;
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
  const who = `${target.name} (${hostPort(target)})`;
  // An answer that one host could read goes to no other: what the fleet shares comes from -k or the inventory.
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

/** Whether it is the user's password that a server prompts for, and nothing else. */
export const wantsPassword = ([prompt, ...more]: readonly Prompt[]): boolean =>
  prompt !== undefined &&
  more.length === 0 &&
  prompt.echo !== true &&
  PASSWORD.test(prompt.prompt) &&
  !OTHER_PASSWORD.test(prompt.prompt);

const MOST_LINES = 20;
const MOST_CHARS = 200;

/** A server's words by line, the first ones. */
const quotation = (said: readonly string[]): readonly string[] =>
  said
    .flatMap((text) => shown(text).split('\n'))
    .filter((line) => line.trim() !== '')
    .slice(0, MOST_LINES)
    .map((line) => line.slice(0, MOST_CHARS));

const hostPort = ({ address, port }: SshTarget): string => addressWithPort(address, port);

/** A server's text without what could move a terminal's cursor or color it. */
export const shown = (text: string): string => safeText(text.replaceAll('\r\n', '\n')).trim();
