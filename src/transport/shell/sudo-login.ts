import { randomBytes } from 'node:crypto';
import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import { reveal, type Secret } from '../../core/base/secret.ts';
import { bootFault, wrongPassword } from './boot-errors.ts';
import { askingBootLine, withoutBootLine } from './bootstrap.ts';
import type { Exit, Launch, Rights, ShellProcess } from './shell-process.ts';

/** PAM may query a slow directory, and it delays after a wrong password. */
const LIMIT_MS = 30_000;

/**
 * Starts a shell under a sudo that may ask for a password, and answers once, on stdin. A second prompt means that the
 * password was wrong; a further try could lock the account.
 *
 * @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED | CONNECT_SUDO_PASSWORD_WRONG | CONNECT_SUDO_DENIED |
 *   CONNECT_SUDO_MISSING | TIMED_OUT
 */
export async function launchBySudo(launch: Launch, rights: Rights, password: Secret): Promise<ShellProcess> {
  const known = answers.get(rights);
  // Callers wait while the first answer is being checked: a wrong password must not be sent again.
  if (known !== undefined) await known.catch(refuseWrong);
  const attempt = logIn(launch, password);
  if (known === undefined) {
    answers.set(rights, attempt);
    attempt.catch((error: unknown) => {
      if (!isWrong(error)) answers.delete(rights);
    });
  }
  return await attempt;
}

/** The result of the first answer on each connection. */
const answers = new WeakMap<Rights, Promise<ShellProcess>>();

const isWrong = (error: unknown): boolean => error instanceof OrchError && error.code === 'CONNECT_SUDO_PASSWORD_WRONG';

function refuseWrong(error: unknown): void {
  if (isWrong(error)) throw error;
}

async function logIn(launch: Launch, password: Secret): Promise<ShellProcess> {
  const id = randomBytes(8).toString('hex');
  const prompt = `[password ${id}]`;
  const ready = `[ready ${id}]`;
  const process = await launch(askingBootLine(prompt, ready));
  await new Promise<void>((resolve, reject) => {
    let out = '';
    let err = '';
    let exit: Exit | undefined;
    const said = (): string =>
      lastChars(withoutBootLine(`${err}${out}`.replaceAll(prompt, '').replaceAll(`echo ${ready}; `, '')));
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      process.stdout.off('data', onStdout);
      process.stderr.off('data', onStderr);
      if (error === undefined) {
        resolve();
        return;
      }
      process.abandon();
      reject(error);
    };
    const onStdout = (chunk: Buffer): void => {
      out = (out + chunk.toString()).slice(-4000);
      if (out.includes(`${ready}\n`)) settle();
    };
    const onStderr = (chunk: Buffer): void => {
      const before = questions(err, prompt);
      err = (err + chunk.toString()).slice(-4000);
      const now = questions(err, prompt);
      if (now > 1) settle(wrongPassword(said()));
      else if (now > before) process.stdin.write(`${reveal(password)}\n`);
    };
    const timer = setTimeout(
      () =>
        settle(
          new OrchError('TIMED_OUT', 'sudo neither prompted for a password nor started', {
            hint: 'try it on the host: sudo -S true',
            details: said(),
          }),
        ),
      LIMIT_MS,
    );
    process.stdout.on('data', onStdout);
    process.stderr.on('data', onStderr);
    process.watch({
      exit: (how) => {
        exit = how;
      },
      close: () => settle(bootFault('sudo', exit ?? { code: null, signal: null }, said())),
      lost: (error) => settle(error),
    });
  });
  return process;
}

const questions = (text: string, prompt: string): number => text.split(prompt).length - 1;
