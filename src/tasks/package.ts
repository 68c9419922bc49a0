import { z } from 'zod';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { Change, Report } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import { absolutePath, account, octalMode } from './file/fields.ts';
import { ownedBy, refuseOtherKind } from './file/file-state.ts';
import { MANIFEST, missingFrom, parseManifest } from './package/manifest.ts';
import { type PackageLocal, readPackage } from './package/package-local.ts';
import { unpackPackage, workDirectory } from './package/unpack.ts';

const params = z.strictObject({
  /** The .tar.gz on the controller. */
  from: absolutePath,
  /** Required digest of the archive, as `sha256sum` prints it. Default: any. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a sha256 digest is 64 hexadecimal digits')
    .optional(),
  /** Directory on the host. */
  into: absolutePath,
  mode: octalMode.default('0750'),
  owner: account.default('root'),
  group: account.default('root'),
});

type Params = z.output<typeof params>;

type PackageState = {
  /** Digest of the unpacked archive; `null` if unpacking was never completed. */
  readonly archive: string | null;
  /** Files that are missing or have another size. */
  readonly missing: readonly string[];
  readonly mode: string;
  readonly owner: string | number;
  readonly group: string | number;
  /** Whether an interrupted run left its work directory. */
  readonly leftover: boolean;
};

/**
 * A package, copied to the host and unpacked there. If a file was deleted or truncated, the package is copied again.
 *
 * @throws OrchError LOCAL_FILE_MISSING, PACKAGE_DAMAGED, DISK_FULL, UPLOAD_CORRUPT, PACKAGE_UNPACK_FAILED
 * @example yield package_({ from: '/srv/api7-3.10.5-dp.tar.gz', into: '/opt/api7/package' });
 */
export const package_ = defineTask<typeof params, PackageLocal, PackageState, void>({
  kind: 'package',
  params,
  impact: 'none',
  claim: (p) => `tree:${p.into}`,
  local: (p, io) => readPackage(p.from, io, p.sha256),
  read,
  want: ({ mode, owner, group }, _now, { local }) => ({
    archive: local.sha256,
    missing: [],
    mode,
    owner,
    group,
    leftover: false,
  }),
  write,
});

async function read(p: Params, host: Reader): Promise<PackageState | null> {
  const [stat, work, manifest, tree] = await Promise.all([
    host.stat(p.into),
    host.stat(workDirectory(p.into)),
    host.read(`${p.into}/${MANIFEST}`, 16 << 20),
    host.tree(p.into),
  ]);
  if (stat === null) return null;
  refuseOtherKind(p.into, 'directory', stat.type);
  const known = parseManifest(manifest);
  const missing = known === null ? [] : missingFrom(known.files, tree ?? {});
  return { archive: known?.archive ?? null, missing, ...ownedBy(stat, p), leftover: work !== null };
}

async function write(
  p: Params,
  { differences }: Change<PackageState>,
  host: Connection,
  local: PackageLocal,
  report: Report,
): Promise<void> {
  const { mode, owner, group } = p;
  const fields = new Set(differences.map(({ path }) => path));
  if (!['', 'archive', 'missing'].some((field) => fields.has(field))) {
    if (fields.has('leftover')) await host.remove(workDirectory(p.into));
    if (fields.size > (fields.has('leftover') ? 1 : 0)) await host.chmod(p.into, { mode, owner, group });
    return;
  }
  await unpackPackage(local, p.into, { mode, owner, group }, host, report);
}
