import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import type { Connection, Ownership } from '../../core/host/connection.ts';
import { besidePath, ENDINGS } from '../../core/host/leftover-names.ts';
import type { Report } from '../../core/task/change.ts';
import { MANIFEST, manifestText } from './manifest.ts';
import type { PackageLocal } from './package-local.ts';

const PRIVATE = { owner: 'root', group: 'root' };

const LIMIT_MS = 30 * 60_000;

/** A file system's overhead beyond the bytes of the files. */
const SLACK = 1.05;

/** Work directory of a package: one directory beside the target, so that one removal deletes everything. */
export const workDirectory = (into: string): string => besidePath(into, ENDINGS.fresh);

/** After a lost connection or an interrupt, the next attempt resumes from the received part. */
const RESUMABLE: readonly string[] = ['CONNECTION_LOST', 'TIMED_OUT', 'INTERRUPTED'];

/**
 * Uploads a package and unpacks it to a new directory, which then replaces the old one; the manifest comes last. An
 * interruption leaves a directory without manifest, which the next run unpacks again; it sends only the missing part of
 * the archive.
 *
 * @throws OrchError DISK_FULL before anything is sent, PACKAGE_UNPACK_FAILED
 */
export async function unpackPackage(
  pkg: PackageLocal,
  into: string,
  ownership: Ownership,
  host: Connection,
  report: Report,
): Promise<void> {
  const work = workDirectory(into);
  const archive = `${work}/package.tar.gz`;
  const fresh = `${work}/content`;
  await makeRoom(pkg, into, host);
  try {
    await host.makeDirectory(work, { ...PRIVATE, mode: '0700' });
    await host.upload(pkg.from, archive, {
      ...PRIVATE,
      mode: '0600',
      sha256: pkg.sha256,
      onProgress: inSteps(pkg.size, (bytes) => report.progress(`${mib(bytes)} of ${mib(pkg.size)} uploaded`)),
    });
    report.progress('unpacking');
    await host.makeDirectory(fresh, ownership);
    // -o: root owns the files, not the user who packed them.
    await must(host, ['tar', '-xozf', archive, '-C', fresh], pkg);
    // The archive may set a mode for its top directory.
    await host.chmod(fresh, ownership);
    await host.remove(into);
    await must(host, ['mv', fresh, into], pkg);
    await host.remove(work);
  } catch (error) {
    // The next run removes the rest; the first error is reported.
    if (!(error instanceof OrchError && RESUMABLE.includes(error.code))) await host.remove(work).catch(() => {});
    throw error;
  }
  await host.writeFile(`${into}/${MANIFEST}`, manifestText(pkg), { ...ownership, mode: '0640' });
}

/** At most twenty reports in total, however many pieces arrive. */
function inSteps(size: number, report: (bytes: number) => void): (bytes: number) => void {
  let reported = 0;
  return (bytes) => {
    if (bytes < size && bytes - reported < size / 20) return;
    reported = bytes;
    report(bytes);
  };
}

/** Keeps the part that an earlier attempt has sent, removes all else of it, and refuses a disk that is too small. */
async function makeRoom({ from, size, files }: PackageLocal, into: string, host: Connection): Promise<void> {
  const work = workDirectory(into);
  const [begun, left, free] = await Promise.all([
    host.stat(work),
    host.tree(work).catch(() => null),
    host.freeBytes(into),
  ]);
  const unpacked = Object.values(files).reduce((sum, bytes) => sum + bytes, 0);
  // The received part needs no more room, and the removed rest frees some.
  const there = Object.values(left ?? {}).reduce((sum, bytes) => sum + bytes, 0);
  const needed = Math.max(0, Math.ceil((size + unpacked) * SLACK) - there);
  if (free < needed)
    throw new OrchError('DISK_FULL', `${into} needs ${mib(needed)} to unpack ${from}, ${mib(free)} are free`, {
      hint: `free at least ${mib(needed - free)} on the file system of ${into}`,
    });
  if (begun === null) return;
  // It is trusted only if no other user could enter the directory.
  const trusted = begun.type === 'directory' && begun.uid === 0 && begun.mode === '0700';
  await host.remove(trusted ? `${work}/content` : work);
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;

async function must(host: Connection, argv: readonly string[], { from }: PackageLocal): Promise<void> {
  const { code, stderr } = await host.run({ argv }, { timeoutMs: LIMIT_MS });
  if (code === 0) return;
  const full = /no space left on device/i.test(stderr);
  throw new OrchError(
    full ? 'DISK_FULL' : 'PACKAGE_UNPACK_FAILED',
    `unpacking ${from}: ${argv[0]} ${full ? 'found no space left' : `ended with ${code ?? 'a signal'}`}`,
    {
      hint: full
        ? 'free space on that file system'
        : code === 127
          ? `install ${argv[0]} on that host`
          : 'see its message',
      details: lastChars(stderr),
    },
  );
}
