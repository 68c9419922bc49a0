import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import { NotYet } from '../../core/task/later.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';
import type { Task } from '../../core/task/task.ts';

/** The controller's knowledge of a package: its archive and its content. */
const packageLocal = z.object({
  from: z.string(),
  sha256: z.string(),
  /** Bytes of the archive. */
  size: z.number(),
  /** Sizes of regular files, by path inside the package. */
  files: z.record(z.string(), z.number()),
});

export type PackageLocal = z.output<typeof packageLocal>;

/** @throws OrchError LOCAL_FILE_MISSING, PACKAGE_DAMAGED, also for an archive without the required digest */
export async function readPackage(from: string, io: LocalFiles, wanted?: string): Promise<PackageLocal> {
  if (wanted !== undefined) refuseOther(from, wanted, await io.sha256(from));
  // The listing first: its one pass over the archive computes the digest too.
  const files = await io.archive(from);
  const [sha256, size] = await Promise.all([io.sha256(from), io.size(from)]);
  return { from, sha256, size, files: { ...files } };
}

function refuseOther(from: string, wanted: string, found: string): void {
  if (found === wanted) return;
  throw new OrchError('PACKAGE_DAMAGED', `${from} has the sha256 digest ${found}; ${wanted} is required`, {
    hint: 'copy the package again, or correct its sha256 in the inventory',
  });
}

/** The same for a given package task. @throws NotYet while its parameters are unknown */
export async function localOfPackage(pkg: Task, io: LocalFiles): Promise<PackageLocal> {
  if (pkg.blocked !== undefined) throw new NotYet(pkg.blocked.why);
  return packageLocal.parse(await pkg.bound.local(io));
}
