import { chmodSync, writeFileSync } from 'node:fs';
import { OrchError } from '../../core/base/errors.ts';
import { safeJson } from '../../core/base/safe-text.ts';
import type { ImagesReport } from './report.ts';

/** Writes the report, readable by its owner alone, and returns the file's name. @throws OrchError USAGE */
export function writeReport(report: ImagesReport, out?: string): string {
  const moment = report.at.slice(0, 19).replaceAll(':', '').replace('T', '-');
  const file = out ?? `images-verify-${report.cluster}-${moment}.json`;
  try {
    // A new file must not follow an existing link; a named file belongs to the user.
    writeFileSync(file, `${safeJson(report, 2)}\n`, { mode: 0o600, flag: out === undefined ? 'wx' : 'w' });
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new OrchError('USAGE', `${file} cannot be written: ${cause instanceof Error ? cause.message : cause}`, {
      hint: 'name another file: --out FILE',
      cause,
    });
  }
  return file;
}
