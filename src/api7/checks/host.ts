import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import { versionAtLeast } from '../../core/base/version-at-least.ts';
import { defineGate } from '../../core/task/define-gate.ts';

const nothing = z.strictObject({});

/** Gate, one reading: reads and writes on the host run as root. */
export const actsAsRoot = defineGate<typeof nothing, { readonly host: string; readonly uid: number }>({
  kind: 'actsAsRoot',
  params: nothing,
  look: async (_p, host) => ({ host: host.name, uid: (await host.facts()).uid }),
  met: (_p, { uid }) => uid === 0,
  unmet: (_p, { host, uid }) =>
    new OrchError('PERMISSION_DENIED', `commands run with user id ${uid}, not as root`, {
      hint: `set become: sudo for ${host} in the inventory, or log in as root`,
      host,
    }),
});

/** Gate, one reading: the host can be locked. */
export const hasFlock = defineGate<typeof nothing, { readonly host: string; readonly there: boolean }>({
  kind: 'hasFlock',
  params: nothing,
  look: async (_p, host) => ({ host: host.name, there: (await host.facts()).hasFlock }),
  met: (_p, { there }) => there,
  unmet: (_p, { host }) =>
    new OrchError('FLOCK_MISSING', 'there is no flock, so no lock can be taken', {
      hint: `install util-linux on ${host} (apk add flock on Alpine)`,
      host,
    }),
});

const kernel = z.strictObject({ atLeast: z.string() });

/** Gate, one reading: the images are known to run on this kernel. */
export const kernelFits = defineGate<typeof kernel, { readonly os: string; readonly kernel: string }>({
  kind: 'kernelFits',
  params: kernel,
  look: async (_p, host) => host.facts(),
  met: ({ atLeast }, seen) => versionAtLeast(seen.kernel, atLeast),
  unmet: ({ atLeast }, seen) =>
    new OrchError('KERNEL_TOO_OLD', `kernel ${seen.kernel} (${seen.os}) is older than ${atLeast}`, {
      hint: 'upgrade the operating system: CentOS 7.6 or later, or any current Linux; then reboot',
    }),
});

const proven = z.strictObject({ arch: z.string() });

/** Gate, one reading: the images are known to run on this architecture. It only warns. */
export const architectureProven = defineGate<typeof proven, string>({
  kind: 'architectureProven',
  params: proven,
  onTimeout: 'warn',
  look: async (_p, host) => (await host.facts()).arch,
  met: (p, arch) => arch === p.arch,
  unmet: (p, arch) =>
    new OrchError('HOST_ARCHITECTURE', `${arch}: the images are verified on ${p.arch} only`, {
      hint: 'make sure that your images are built for it, and install on one such host first (--limit)',
    }),
});
