import { z } from 'zod';
import type { Stat } from '../core/host/connection.ts';
import { defineTask } from '../core/task/define-task.ts';
import { absolutePath, account, octalMode } from './file/fields.ts';
import { ownedBy, refuseOtherKind } from './file/file-state.ts';

const params = z.strictObject({
  path: absolutePath,
  mode: octalMode.default('0755'),
  owner: account.default('root'),
  group: account.default('root'),
});

type DirectoryState = {
  readonly type: Stat['type'];
  readonly mode: string;
  readonly owner: string | number;
  readonly group: string | number;
};

/**
 * A directory with this mode and owner. Missing parents are created for root with 0755; the content stays unchanged.
 *
 * @throws OrchError PATH_TAKEN when a file, a link or something else is at the path
 * @example yield directory({ path: '/opt/api7', mode: '0750' });
 */
export const directory = defineTask<typeof params, void, DirectoryState, void>({
  kind: 'directory',
  params,
  impact: 'none',
  claim: (p) => `file:${p.path}`,
  async read(p, host) {
    const stat = await host.stat(p.path);
    return stat === null ? null : { type: stat.type, ...ownedBy(stat, p) };
  },
  want(p, now) {
    if (now !== null) refuseOtherKind(p.path, 'directory', now.type);
    return { type: 'directory', mode: p.mode, owner: p.owner, group: p.group };
  },
  async write(p, change, host) {
    const ownership = { mode: p.mode, owner: p.owner, group: p.group };
    await (change.before === null ? host.makeDirectory(p.path, ownership) : host.chmod(p.path, ownership));
  },
});
