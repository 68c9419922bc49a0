const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Limits of one kind of remote stream. A missing field means: bounded by the other fields. */
export interface StreamLimit {
  /** Name in messages and in docs/security.md. */
  readonly what: string;
  readonly bytes: number;
  readonly lines?: number;
  readonly lineBytes?: number;
  /** From the first byte to the last one, in milliseconds. */
  readonly ms?: number;
  /** What happens to the stream beyond the limit. */
  readonly beyond: string;
}

const FAILS = 'error of that host';

/**
 * The limits of all streams from hosts and archives, in one table. docs/security.md repeats it; a test compares both.
 */
export const LIMITS = {
  greeting: { what: 'text before the SSH banner', bytes: 16 * KIB, beyond: '`CONNECT_NOT_SSH`' },
  loginOutput: {
    what: 'output of the login shell before a command begins',
    bytes: MIB,
    beyond: '`CONNECT_SHELL_REFUSED`',
  },
  reads: { what: 'the reply to a batch of reads', bytes: 32 * MIB, ms: 30 * MINUTE, beyond: '`REPLY_TOO_LARGE`' },
  readErrors: {
    what: 'the error output of a batch of reads',
    bytes: MIB,
    ms: 30 * MINUTE,
    beyond: '`REPLY_TOO_LARGE`',
  },
  directory: { what: 'the list of files below a directory', bytes: 8 * MIB, beyond: '`REPLY_TOO_LARGE`' },
  file: { what: 'a file, unless the task names another limit', bytes: MIB, beyond: '`FILE_TOO_LARGE`' },
  haproxyConfig: {
    what: 'the configuration file of HAProxy',
    bytes: 4 * MIB,
    beyond: 'not read; its timing is assumed',
  },
  commandOutput: {
    what: 'output of a command that is kept',
    bytes: MIB,
    ms: 10 * MINUTE,
    beyond: 'the last 1 MiB is kept',
  },
  execLine: { what: 'one line that `exec` prints', bytes: 64 * KIB, beyond: 'the rest of the line is marked as cut' },
  uploadOutput: { what: 'the output of an upload', bytes: 64 * KIB, beyond: '`REPLY_TOO_LARGE`' },
  socketErrors: {
    what: 'error output of what leads to a Docker socket',
    bytes: 64 * KIB,
    beyond: 'the last 64 KiB is kept',
  },
  httpBody: { what: 'the body of an HTTP reply', bytes: 64 * KIB, beyond: 'the rest is not read' },
  httpHead: { what: 'the header of an HTTP reply', bytes: 16 * KIB, beyond: '`HTTP_UNREACHABLE`' },
  haproxyReply: {
    what: 'a reply of HAProxy',
    bytes: 16 * MIB,
    lines: 100_000,
    lineBytes: 64 * KIB,
    ms: 10 * SECOND,
    beyond: '`HAPROXY_REPLY`',
  },
  postgresReply: { what: 'all that a PostgreSQL server sends', bytes: 64 * KIB, beyond: '`REPLY_TOO_LARGE`' },
  dockerReply: { what: 'a reply of the Docker Engine', bytes: 16 * MIB, ms: 5 * MINUTE, beyond: '`DOCKER_FAILED`' },
  dockerProgress: {
    what: 'progress of an image pull',
    bytes: 256 * MIB,
    lineBytes: 256 * KIB,
    ms: 60 * MINUTE,
    beyond: '`IMAGE_PULL_FAILED`',
  },
  containerFile: { what: 'a file of a container', bytes: MIB, beyond: '`FILE_TOO_LARGE`' },
  containerLog: { what: 'the log of a container', bytes: 64 * KIB, beyond: 'the last 64 KiB is kept' },
} as const satisfies Readonly<Record<string, StreamLimit>>;

/** Limits that are counts, not bytes. */
export const COUNTS = {
  jsonValues: { what: 'values in one JSON reply', most: 500_000, beyond: FAILS },
  haproxyTables: { what: 'stick tables of one HAProxy', most: 1000, beyond: FAILS },
  archiveEntries: { what: 'entries of an archive', most: 100_000, beyond: '`PACKAGE_DAMAGED`' },
  archiveLinks: { what: 'links in an archive', most: 10_000, beyond: '`PACKAGE_DAMAGED`' },
  archiveNames: { what: 'characters of all names in an archive', most: 16 * MIB, beyond: '`PACKAGE_DAMAGED`' },
  archiveDepth: { what: 'directories in one name of an archive', most: 64, beyond: '`PACKAGE_DAMAGED`' },
  archiveTexts: {
    what: 'MiB of small files of an image archive that are held in memory',
    most: 32,
    beyond: 'the rest is not read',
  },
  archiveGib: { what: 'GiB of an archive when it is unpacked', most: 64, beyond: '`PACKAGE_DAMAGED`' },
  archiveRatio: { what: 'times that an archive grows when it is unpacked', most: 200, beyond: '`PACKAGE_DAMAGED`' },
} as const;

/** @example formatSize(64 * 1024) // '64 KiB' */
export function formatSize(bytes: number): string {
  if (bytes < KIB) return `${bytes} bytes`;
  const [unit, name] = bytes < MIB ? [KIB, 'KiB'] : bytes < KIB * MIB ? [MIB, 'MiB'] : [KIB * MIB, 'GiB'];
  const size = bytes / unit;
  return `${Number.isInteger(size) ? size : size.toFixed(1)} ${name}`;
}
