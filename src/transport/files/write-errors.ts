import { posix } from 'node:path';
import { OrchError } from '../../core/base/errors.ts';
import { formatSize } from '../../core/bounds/limits.ts';
import { ENDINGS } from '../../core/host/leftover-names.ts';
import { shellFault } from '../read/shell-errors.ts';
import { CORRUPT, LED_ASTRAY, OVERTAKEN } from '../shell/write-functions.ts';
import { CUT } from './upload-scripts.ts';

/** Messages of shells when O_EXCL finds that the temporary name exists again. */
const TAKEN = new RegExp(`(?:${ENDINGS.fresh}|${ENDINGS.part}): [^\\n]*(?:File exists|existing file)`);

/** The precise error of a failed write. `freeBytes` supplies details for a full disk. */
export async function writeFault(
  doing: string,
  path: string,
  { code, stderr }: { readonly code: number | null; readonly stderr: string },
  freeBytes: (path: string) => Promise<number>,
): Promise<OrchError> {
  if (code === CORRUPT || code === CUT) return corrupt(doing);
  if (code === OVERTAKEN || TAKEN.test(stderr)) return overtaken(doing);
  if (code === LED_ASTRAY) return ledAstray(doing, stderr);
  const fault = shellFault(doing, code, stderr);
  return fault.code === 'DISK_FULL' ? await diskFull(fault, path, freeBytes) : fault;
}

const corrupt = (doing: string): OrchError =>
  new OrchError(
    'UPLOAD_CORRUPT',
    `${doing} failed: what arrived has another sha256 than what was to be sent; nothing was changed`,
    {
      hint: 'the local file may have changed meanwhile, or the transfer was cut: run again',
      retryable: true,
    },
  );

const overtaken = (doing: string): OrchError =>
  new OrchError(
    'WRITE_CONFLICT',
    `${doing} failed: something else writes the same file at the same time; nothing was changed`,
    {
      hint: 'see that no other run is under way on this host, then run again',
      retryable: true,
    },
  );

/** The error if another program holds the lock, probably one that was stopped during its change. */
export const locked = (path: string): OrchError =>
  new OrchError('WRITE_CONFLICT', `changing ${path} failed: another program holds the lock of its directory`, {
    hint: `see on that host who holds it (fuser -v ${posix.dirname(path)}), then run again`,
    retryable: true,
  });

const ledAstray = (doing: string, stderr: string): OrchError =>
  new OrchError('PATH_REFUSED', `${doing} failed: a link that does not belong to root leads there`, {
    hint: 'name the path that the link points to, or give the link to root (chown -h root)',
    details: stderr.trim(),
  });

async function diskFull(
  fault: OrchError,
  path: string,
  freeBytes: (path: string) => Promise<number>,
): Promise<OrchError> {
  const free = await freeBytes(posix.dirname(path)).catch(() => undefined);
  const left = free === undefined ? '' : ` (${formatSize(free)} free at ${posix.dirname(path)})`;
  return new OrchError(fault.code, `${fault.message}${left}`, {
    hint: fault.hint,
    details: fault.details,
  });
}
