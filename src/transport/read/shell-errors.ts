import { type AnyErrorCode, OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';

const KINDS: readonly {
  readonly sign: RegExp;
  readonly code: AnyErrorCode;
  readonly says: string;
  readonly hint: string;
}[] = [
  {
    sign: /No space left on device|Disk quota exceeded/,
    code: 'DISK_FULL',
    says: 'no space left on the file system',
    hint: 'free some space there, then run again',
  },
  {
    sign: /Permission denied|Operation not permitted/,
    code: 'PERMISSION_DENIED',
    says: 'permission denied',
    hint: 'use become: sudo, or give the login user the right',
  },
  {
    sign: /Read-only file system/,
    code: 'PERMISSION_DENIED',
    says: 'the file system is read-only',
    hint: 'mount it writable, or choose another path',
  },
  {
    sign: /invalid (user|group|spec)|unknown (user|group)/,
    code: 'OWNER_UNKNOWN',
    says: 'the host knows no such owner or group',
    hint: 'create the user or group there, or give its number',
  },
  {
    sign: /Is a directory|is a directory/,
    code: 'IS_A_DIRECTORY',
    says: 'the path is a directory',
    hint: 'move it away or choose another path',
  },
  {
    sign: /Not a directory|File exists/,
    code: 'NOT_A_DIRECTORY',
    says: 'a parent path is not a directory',
    hint: 'move it away or choose another path',
  },
  {
    sign: /No such file or directory|[Dd]irectory nonexistent|nonexistent directory/,
    code: 'PATH_MISSING',
    says: 'the file, or the directory that should hold it, is not there',
    hint: 'make the directory first',
  },
];

/** Whether a tool reported that its argument does not exist. Tools run under LC_ALL=C, so the texts are fixed. */
export const saysMissing = (stderr: string): boolean =>
  /(No such file or directory|Not a directory)\s*$/.test(stderr.trim());

/** The precise error of a failed shell tool. `doing` completes "… failed": `writing /opt/api7/a.yaml`. */
export function shellFault(doing: string, code: number | null, stderr: string): OrchError {
  const kind = KINDS.find(({ sign }) => sign.test(stderr.trim()));
  const details = lastChars(stderr);
  if (kind !== undefined)
    return new OrchError(kind.code, `${doing} failed: ${kind.says}`, { details, hint: kind.hint });
  const how = code === null ? 'a signal ended it' : `exit code ${code}`;
  return new OrchError('COMMAND_FAILED', `${doing} failed: ${details.split('\n').at(-1) || how}`, { details });
}

/** The shell ended, but not its connection. `said`: its stderr. */
export const readFailed = (said: string): OrchError =>
  new OrchError('READ_FAILED', 'the shell that reads the host ended before it responded', {
    hint: 'see whether something on the host kills it (its memory limits, its log)',
    retryable: true,
    details: lastChars(said),
  });

/** The shell ended, but not its connection. */
export class ShellEnded extends Error {
  readonly #said: string;

  constructor(said: string) {
    super('the shell ended');
    this.#said = said;
  }

  asError(): OrchError {
    return readFailed(this.#said);
  }
}
