import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { defineTask } from '../core/task/define-task.ts';

const params = z.strictObject({
  /** Open files that containers are to be given. */
  nofile: z.int().min(1).optional(),
  /** Room that is needed, by any path on the file system meant. */
  freeBytes: z
    .array(z.strictObject({ path: z.string().startsWith('/'), bytes: z.int().min(0) }))
    .readonly()
    .default([]),
  /** Accepted machines, as `uname -m` names them. */
  arch: z.array(z.string()).min(1).readonly().optional(),
});

type LimitsState = {
  readonly host: string;
  readonly arch: string;
  readonly nofile: number;
  readonly free: Readonly<Record<string, number>>;
};

/**
 * A gate: the host is of the right kind and has room. It never waits: none of this changes by itself.
 *
 * @throws OrchError HOST_ARCHITECTURE, NOFILE_TOO_LOW, DISK_FULL with what is there and what is needed
 * @example yield hostLimits({ nofile: 65536, freeBytes: [{ path: '/var/lib/docker', bytes: 2e9 }], arch: ['x86_64'] });
 */
export const hostLimits = defineTask<typeof params, void, LimitsState, void>({
  kind: 'hostLimits',
  params,
  impact: 'none',
  claim: () => 'gate:host limits',
  title: () => 'hostLimits',
  async read({ freeBytes }, host) {
    const [{ arch, nofile }, ...free] = await Promise.all([
      host.facts(),
      ...freeBytes.map(({ path }) => host.freeBytes(path)),
    ]);
    return {
      host: host.name,
      arch,
      nofile,
      free: Object.fromEntries(freeBytes.map(({ path }, i) => [path, free[i] ?? 0])),
    };
  },
  want(p, now) {
    const arch = now?.arch ?? '';
    const free = p.freeBytes.map(({ path, bytes }): [string, number] => [path, Math.max(bytes, now?.free[path] ?? 0)]);
    return {
      host: now?.host ?? '',
      arch: p.arch === undefined || p.arch.includes(arch) ? arch : (p.arch[0] ?? arch),
      nofile: Math.max(p.nofile ?? 0, now?.nofile ?? 0),
      free: Object.fromEntries(free),
    };
  },
  unmet(p, state) {
    const { host, arch, nofile, free } = state ?? { host: '', arch: '', nofile: 0, free: {} };
    const at = host === '' ? {} : { host };
    if (p.arch !== undefined && !p.arch.includes(arch))
      return new OrchError('HOST_ARCHITECTURE', `this host is ${arch}, the images are for ${p.arch.join(' or ')}`, {
        hint: 'take the host out of its group in the inventory, or use packages for its architecture',
        ...at,
      });
    if (p.nofile !== undefined && nofile < p.nofile)
      return new OrchError(
        'NOFILE_TOO_LOW',
        `containers on this host can have ${nofile} open files, ${p.nofile} are asked for`,
        {
          hint: `set api7.nofile in the inventory to ${nofile} or less, or raise the limit of the Docker daemon on that host`,
          ...at,
        },
      );
    const full = p.freeBytes.find(({ path, bytes }) => (free[path] ?? 0) < bytes);
    const path = full?.path ?? '/';
    return new OrchError(
      'DISK_FULL',
      `${gib(free[path] ?? 0)} are free at ${path}, ${gib(full?.bytes ?? 0)} are needed`,
      {
        hint: `free space on the file system of ${path}, or put it on a larger one`,
        ...at,
      },
    );
  },
});

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
