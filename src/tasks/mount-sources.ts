import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { absolutePath } from './file/fields.ts';

const params = z.strictObject({
  /** Host paths that containers will mount. */
  paths: z.array(absolutePath).min(1).readonly(),
});

type Sources = { readonly host: string; readonly missing: readonly string[] };

/**
 * Gate: all sources of container mounts exist on the host. Never waits.
 *
 * @throws OrchError MOUNT_MISSING naming all missing paths
 * @example yield mountSources({ paths: ['/srv/plugins'] });
 */
export const mountSources = defineGate<typeof params, Sources>({
  kind: 'mountSources',
  params,
  title: (p) => `${p.paths.join(', ')} can be mounted`,
  async look({ paths }, host) {
    const stats = await Promise.all(paths.map((path) => host.stat(path)));
    return { host: host.name, missing: paths.filter((_, i) => stats[i] === null) };
  },
  met: (_p, { missing }) => missing.length === 0,
  unmet: (_p, { host, missing }) =>
    new OrchError('MOUNT_MISSING', `this host has no ${missing.join(', ')}, which its containers are to mount`, {
      hint: 'create it on the host, or correct the mounts under api7 in the inventory',
      host,
    }),
});
