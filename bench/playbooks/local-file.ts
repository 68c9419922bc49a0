import { defineTask, OrchError, z } from 'api7-orch';

const params = z.strictObject({
  path: z.string(),
  from: z.string(),
  mode: z.string().default('0644'),
  owner: z.string(),
});

type State = { readonly digest: string | null; readonly mode: string; readonly owner: string };

/** A controller file, copied to the host unchanged: uploaded if its digest differs. */
export const localFile = defineTask<typeof params, string, State, void>({
  kind: 'localFile',
  params,
  claim: (p) => `file:${p.path}`,
  local: (p, io) => io.sha256(p.from),
  async read(p, host) {
    const [stat, digest] = await Promise.all([host.stat(p.path), host.sha256(p.path)]);
    if (stat === null) return null;
    if (stat.type !== 'file') throw new OrchError('PATH_TAKEN', `${p.path} is no file`);
    return { digest, mode: stat.mode, owner: stat.owner };
  },
  want: (p, _now, { local }) => ({ digest: local, mode: p.mode, owner: p.owner }),
  write: (p, _change, host, sha256) =>
    host.upload(p.from, p.path, { sha256, mode: p.mode, owner: p.owner, group: p.owner }),
});
