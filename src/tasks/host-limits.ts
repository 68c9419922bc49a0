import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { defineGate } from '../core/task/define-gate.ts';

const params = z.strictObject({
  /** Limit of open files that containers need. */
  nofile: z.int().min(1).optional(),
  /** Required free space, by any path on the file system. */
  freeBytes: z
    .array(z.strictObject({ path: z.string().startsWith('/'), bytes: z.int().min(0) }))
    .readonly()
    .default([]),
  /** Accepted machine architectures, in the form of `uname -m`. */
  arch: z.array(z.string()).min(1).readonly().optional(),
});

type Params = z.output<typeof params>;

type Limits = {
  readonly host: string;
  readonly arch: string;
  readonly nofile: number;
  readonly free: Readonly<Record<string, number>>;
};

/**
 * Gate: the host has the right architecture and enough room. Never waits: none of this changes by itself.
 *
 * @throws OrchError HOST_ARCHITECTURE, NOFILE_TOO_LOW, DISK_FULL with actual and required values
 * @example yield hostLimits({ nofile: 65536, freeBytes: [{ path: '/var/lib/docker', bytes: 2e9 }], arch: ['x86_64'] });
 */
export const hostLimits = defineGate<typeof params, Limits>({
  kind: 'hostLimits',
  params,
  async look({ freeBytes }, host) {
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
  met: (p, limits) => shortfall(p, limits) === undefined,
  unmet: (p, limits) => shortfall(p, limits) ?? new OrchError('INTERNAL', 'the host has everything that is needed'),
});

/** The first limit that is too low; undefined: none. */
function shortfall(p: Params, { host, arch, nofile, free }: Limits): OrchError | undefined {
  if (p.arch !== undefined && !p.arch.includes(arch))
    return new OrchError('HOST_ARCHITECTURE', `this host is ${arch}, the images are for ${p.arch.join(' or ')}`, {
      hint: 'take the host out of its group in the inventory, or use packages for its architecture',
      host,
    });
  if (p.nofile !== undefined && nofile < p.nofile)
    return new OrchError(
      'NOFILE_TOO_LOW',
      `containers on this host can have ${nofile} open files, ${p.nofile} are required`,
      {
        hint: `set api7.nofile in the inventory to ${nofile} or less, or raise the limit of the Docker daemon on that host`,
        host,
      },
    );
  const full = p.freeBytes.find(({ path, bytes }) => (free[path] ?? 0) < bytes);
  if (full === undefined) return undefined;
  const { path, bytes } = full;
  return new OrchError('DISK_FULL', `${gib(free[path] ?? 0)} are free at ${path}, ${gib(bytes)} are needed`, {
    hint: `free space on the file system of ${path}, or put it on a larger one`,
    host,
  });
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
