import type {
  AnyAuthMethod,
  AuthHandlerMiddleware,
  Client,
  KeyboardInteractiveCallback,
  ParsedKey,
  Prompt,
} from 'ssh2';
import { OrchError } from '../../../core/base/errors.ts';
import type { Ask } from '../ask.ts';
import type { SshTarget } from '../target.ts';
import { lockedFault } from './identity-file.ts';
import { isRefusedLogin, loginRefused, noKey } from './login-errors.ts';
import { keyLabel, type LockedKey, type LoginKey, loginKeys } from './login-keys.ts';
import { loginQuestions, shown, wantsPassword } from './login-questions.ts';
import { type Sign, signingAgent, signWith } from './signing-agent.ts';
import { tapUserAuth, type UserAuth } from './userauth.ts';

export interface LoginOptions {
  readonly ask?: Ask | undefined;
  /** Stops the clock during a question. @throws OrchError INTERRUPTED */
  readonly paused: <T>(question: () => Promise<T>) => Promise<T>;
}

/** One attempt to log in. */
export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** Call it right after the client's `connect()`. */
  readonly follow: (client: Client) => void;
  /** The login's own error, if it caused the attempt's failure. */
  readonly fault: (error: unknown) => Promise<OrchError | undefined>;
  /**
   * The question during which the connection was lost: sshd allows two minutes for a login, and people may take longer.
   */
  readonly pending: () => Promise<unknown> | undefined;
}

/** A sent request without an answer. */
interface Step {
  readonly label: string;
  readonly key?: LoginKey | LockedKey;
  readonly atOnce?: Sign;
  /** It contains the password. */
  password?: boolean;
}

/**
 * Prepares a login in OpenSSH's order: keys, prompts, password, each only while the server accepts it. Asks for a
 * passphrase or password only if nothing else was accepted; a host gets a password only once.
 *
 * @throws OrchError CONNECT_KEY_MISSING | CONNECT_KEY_INVALID | CONNECT_KEY_ENCRYPTED | CONNECT_NO_KEY when there is
 *   nothing to try
 */
export async function startLogin(target: SshTarget, { ask, paused }: LoginOptions): Promise<Login> {
  const username = target.user;
  const keys = await loginKeys(target);
  const { default: ssh2 } = await import('ssh2');
  if (keys.ready.length === 0 && ask === undefined && target.password === undefined)
    throw keys.faults[0] ?? noKey(await keys.notes());

  const questions = loginQuestions(target, ask, paused);
  const queue: (LoginKey | LockedKey)[] = [...keys.ready, ...keys.locked];
  const hadKeys = queue.length > 0;
  const accepted: string[] = [];
  const refused: string[] = [];
  const spent = new Set<string>();
  let left: readonly string[] | undefined;
  let step: Step | undefined;
  let passwordGiven = target.password !== undefined;
  let passwordRefused = false;
  let unanswered: string | undefined;
  let fatal: OrchError | undefined;
  let wanted: LockedKey | undefined;
  let auth: UserAuth | undefined;
  let abandon = (): void => {};

  const stop = (error: OrchError): void => {
    fatal ??= error;
    abandon();
  };
  /** Continues with the next method, as if the server had refused this one. */
  const leave = (why: string): void => {
    refused.push(step === undefined ? why : `${step.label} (${why})`);
    step = undefined;
    auth?.leave();
  };
  const failed = (error: unknown): void => leave(error instanceof Error ? error.message : String(error));

  const offer = async ({ sign, ...key }: LoginKey): Promise<AnyAuthMethod> => {
    // An agent may ask its owner.
    const patient: Sign = (data, hash) => paused(() => sign(data, hash));
    step = { label: key.label, key: { sign, ...key }, ...(key.atOnce ? { atOnce: patient } : {}) };
    return { type: 'agent', username, agent: await signingAgent(key.key, patient, failed) };
  };
  const unlocked = async (locked: LockedKey): Promise<ParsedKey | undefined> => {
    const key = await questions.key(locked);
    if (key === 'wrong') stop(lockedFault(locked.file, 'was not opened by any passphrase given'));
    return typeof key === 'string' ? undefined : key;
  };
  /** Asks for its passphrase only after the server has accepted the key. */
  const offerLocked = async (locked: LockedKey): Promise<AnyAuthMethod | undefined> => {
    const label = labelOf(locked);
    const half = locked.blob === undefined ? await unlocked(locked) : ssh2.utils.parseKey(locked.blob);
    if (half === undefined || half instanceof Error) {
      refused.push(`${label} (its passphrase is unknown)`);
      return undefined;
    }
    const sign: Sign = async (data, hash) => {
      const key = await unlocked(locked);
      if (key !== undefined) return await signWith(key, data, hash);
      wanted = locked;
      throw new Error('its passphrase is unknown');
    };
    step = { label, key: locked };
    return { type: 'agent', username, agent: await signingAgent(half, sign, failed) };
  };

  const answer = async (said: readonly string[], prompts: readonly Prompt[], finish: KeyboardInteractiveCallback) => {
    const forPassword = wantsPassword(prompts);
    if (forPassword && step?.password === true) {
      passwordRefused = true;
      leave('it was not taken');
      return;
    }
    const answers = await questions.prompts(said, prompts);
    if ('open' in answers) {
      if (!forPassword) unanswered = answers.open;
      leave(`the server prompts ${JSON.stringify(answers.open)}, and there is no terminal`);
      return;
    }
    passwordGiven ||= forPassword;
    if (forPassword && step !== undefined) step.password = true;
    finish([...answers]);
  };

  const may = (method: string): boolean =>
    left?.includes(method) === true && !spent.has(method) && !passwordRefused && spent.add(method) !== undefined;
  const next = async (): Promise<AnyAuthMethod | undefined> => {
    while (fatal === undefined && (left === undefined || left.includes('publickey'))) {
      const key = queue.shift();
      if (key === undefined) break;
      const method = 'state' in key ? await offerLocked(key) : await offer(key);
      if (method !== undefined) return method;
    }
    if (fatal !== undefined) return undefined;
    // No request so far made the server list its methods.
    if (left === undefined) return { type: 'none', username };
    if (may('keyboard-interactive')) {
      step = { label: 'keyboard-interactive' };
      return {
        type: 'keyboard-interactive',
        username,
        prompt: (name, text, _language, prompts, finish) => void answer([name, text], prompts, finish).catch(failed),
      };
    }
    const password = may('password') ? await questions.password() : undefined;
    if (password === undefined) return undefined;
    passwordGiven = true;
    step = { label: 'the password', password: true };
    return { type: 'password', username, password: password.reveal() };
  };

  return {
    handler: (_left, _partial, give) => {
      // ssh2 documents `false` for "no more", but its types lack it.
      next().then((method) => give(method ?? (false as never)), abandon);
    },
    follow(client) {
      abandon = () => void client.destroy();
      auth = tapUserAuth(client, {
        failed(methods, partial) {
          left = methods;
          const done = step;
          step = undefined;
          if (done === undefined) return;
          if (partial) {
            accepted.push(done.label);
            spent.clear();
          } else if (done.key !== undefined && !methods.includes('publickey')) {
            // The server has not tried the key: it wants another method first.
            queue.unshift(done.key);
          } else {
            refused.push(done.label);
            passwordRefused ||= done.password === true;
          }
        },
        signAtOnce: () => step?.atOnce,
        cannotSign: failed,
      });
      client.on('change password', (prompt: string) =>
        stop(
          new OrchError(
            'CONNECT_PASSWORD_EXPIRED',
            `${target.name} wants a new password for ${username}: ${shown(prompt)}`,
            {
              hint: 'log in by ssh and change it there',
            },
          ),
        ),
      );
    },
    async fault(error) {
      if (fatal !== undefined) return fatal;
      if (!isRefusedLogin(error)) return undefined;
      if (wanted !== undefined)
        return lockedFault(wanted.file, `would be taken by ${target.name}, but is protected by a passphrase`);
      const notes = await keys.notes();
      const nothing = !hadKeys && accepted.length + refused.length === 0;
      if (nothing && left?.includes('publickey') !== false) return keys.faults[0] ?? noKey(notes);
      if (step !== undefined) refused.push(step.label);
      const faults = keys.faults.map(({ message }) => message);
      const unused = [...queue.map(labelOf), ...(passwordGiven ? ['the password'] : [])];
      const course = { accepted, refused, unused, left, passwordGiven, passwordRefused, unanswered };
      return loginRefused(error, target, { ...course, notes: [...faults, ...notes] });
    },
    pending: questions.pending,
  };
}

const labelOf = (key: LoginKey | LockedKey): string => ('state' in key ? keyLabel(key.file, key.blob) : key.label);
