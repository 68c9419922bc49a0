import { type Data, sha256 } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { stretchedDigest } from '../../core/base/secret.ts';
import type { Connection, Ownership, Reader, Stat } from '../../core/host/connection.ts';
import type { Change } from '../../core/task/change.ts';

/** The state of a path. `owner` and `group` are numbers if the task declares numbers, else names. */
export type FileState = {
  readonly type: Stat['type'];
  /** Hex sha256 of the content; `null` if it is no file. */
  readonly digest: string | null;
  readonly mode: string;
  readonly owner: string | number;
  readonly group: string | number;
};

/** Desired content. A function returns the text, so that serialized parameters never contain it. */
export interface Content {
  readonly digest: string;
  readonly secret: boolean;
  readonly text: () => string;
}

export const contentOf = (text: string, secret: boolean): Content => ({
  digest: sha256(text),
  secret,
  text: () => text,
});

export interface FileSpec extends Ownership {
  readonly path: string;
  readonly content: Content;
  /** Contents that are left unchanged. */
  readonly accepts?: readonly Content[];
}

const KINDS = {
  file: 'a file',
  directory: 'a directory',
  link: 'a symbolic link',
  other: 'neither a file nor a directory',
} as const;

/** @throws OrchError PATH_TAKEN when something of another kind is at the path: it is never replaced silently */
export function refuseOtherKind(path: string, wanted: 'file' | 'directory', found: Stat['type']): void {
  if (found === wanted) return;
  const hint =
    found === 'link' ? 'name the path that it points to, or remove the link' : 'move it away or choose another path';
  throw new OrchError('PATH_TAKEN', `${path} must be ${KINDS[wanted]}, but it is ${KINDS[found]}`, { hint });
}

/** Owner and group in the declared form. */
export const ownedBy = (stat: Stat, declared: Ownership): Ownership => ({
  mode: stat.mode,
  owner: typeof declared.owner === 'number' ? stat.uid : stat.owner,
  group: typeof declared.group === 'number' ? stat.gid : stat.group,
});

async function readFileState(spec: FileSpec, host: Reader): Promise<FileState | null> {
  const [stat, digest] = await Promise.all([host.stat(spec.path), host.sha256(spec.path)]);
  if (stat === null) return null;
  return { type: stat.type, digest: stat.type === 'file' ? digest : null, ...ownedBy(stat, spec) };
}

function wantFileState(spec: FileSpec, now: FileState | null): FileState {
  if (now !== null) refuseOtherKind(spec.path, 'file', now.type);
  const accepted = spec.accepts?.find(({ digest }) => digest === now?.digest);
  const { digest } = accepted ?? spec.content;
  return { type: 'file', digest, mode: spec.mode, owner: spec.owner, group: spec.group };
}

/**
 * If only mode or owner differ, the content stays: a rewrite would give the path a new inode under a running bind
 * mount.
 */
async function writeFileState(spec: FileSpec, change: Change<FileState>, host: Connection): Promise<void> {
  const ownership = { mode: spec.mode, owner: spec.owner, group: spec.group };
  if (change.before !== null && change.before.digest === change.after?.digest) await host.chmod(spec.path, ownership);
  else await host.writeFile(spec.path, Buffer.from(spec.content.text()), ownership);
}

/** A plain digest of secret content would allow guessing a short secret, so the recorded one is stretched. */
const fileFingerprint = (spec: FileSpec, state: FileState): Data =>
  spec.content.secret && state.digest !== null ? { ...state, digest: stretchedDigest(state.digest) } : state;

const stretchedOfFile = ({ content, accepts = [] }: FileSpec): readonly string[] =>
  content.secret ? [content, ...accepts].map(({ digest }) => digest) : [];

const hidesFileField = (spec: FileSpec, path: string): boolean => spec.content.secret && path === 'digest';

/** What all tasks with a file as their target share: they differ in parameters, and in how a change is shown. */
export const ofFile = {
  claim: ({ path }: FileSpec) => `file:${path}` as const,
  read: readFileState,
  want: wantFileState,
  write: writeFileState,
  fingerprint: fileFingerprint,
  digestTexts: stretchedOfFile,
  hidden: hidesFileField,
};
