import { z } from 'zod';
import { digestOf } from '../core/base/data.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import { precomputeDigests, Secret, stretchedDigest } from '../core/base/secret.ts';
import type { Connection } from '../core/host/connection.ts';
import { besidePath, CHECK_CONTAINER, ENDINGS } from '../core/host/leftover-names.ts';
import { ROOT_FILE } from '../core/host/root-only.ts';
import type { Report } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import { Task } from '../core/task/task.ts';
import { runOnce } from '../docker/run-once.ts';
import { bindMount, envList } from '../docker/spec.ts';
import { givenFields } from './container/given.ts';
import { comparable } from './container/labels.ts';
import { absolutePath } from './file/fields.ts';
import { yamlContent } from './yaml-file.ts';

const params = z.strictObject({
  /** The image that will run with it. */
  image: z
    .instanceof(Task, { error: 'must be an image task' })
    .refine(({ type }) => type.kind === 'image', { error: 'must be an image task' }),
  /** The content that the file will have. */
  content: yamlContent,
  /** Path of that file in the image. */
  target: absolutePath,
  /** Command that checks it there, for `sh -c`; any exit code but 0 is a refusal. */
  command: z.string().min(1),
  /** uid and gid that must be able to read it. */
  as: z.int().min(0),
  /** File on the host that records what was accepted. */
  record: absolutePath,
  /** Environment and mounts of its container: a configuration may refer to variables and files. */
  ...givenFields,
  within: duration.prefault('60s'),
});

type Params = z.output<typeof params>;

/** Digest of the image and content that were last accepted together. */
type Accepted = { readonly accepted: string };

const imageState = z.object({ id: z.string() });

/**
 * Checks a configuration with the image that will use it, in a container without network, ports and identity, before
 * any serving container is changed. Runs once for each pair of image and content.
 *
 * @throws OrchError CONFIG_REFUSED with the image's own output
 * @example yield configAccepted({ image: gateway, content, target: '/usr/local/apisix/conf/config.yaml', command:
 *   'apisix init', as: 636, record: '/opt/api7/.config-accepted' });
 */
export const configAccepted = defineTask<typeof params, void, Accepted, void>({
  kind: 'configAccepted',
  params,
  impact: 'none',
  claim: (p) => `file:${p.record}`,
  title: (p) => `${p.target} is accepted by ${refOf(p)}`,
  async read(p, host) {
    const { secret, digest } = p.content;
    const secrets = Object.values(p.env).flatMap((value) => (value instanceof Secret ? [value.reveal()] : []));
    const [text] = await Promise.all([
      host.read(p.record),
      precomputeDigests([...(secret ? [digest] : []), ...secrets]),
    ]);
    return text === null ? null : { accepted: text.toString().trim() };
  },
  want: (p, _now, { see }) => {
    const { id } = imageState.parse(see(p.image));
    const { secret, digest } = p.content;
    const { target, command } = p;
    const content = secret ? stretchedDigest(digest) : digest;
    return { accepted: digestOf({ image: id, content, target, command, ...givenTo(p) }) };
  },
  write: (p, change, host, _local, report) => accept(p, change.after?.accepted ?? '', host, report),
});

/** Absent if nothing is given: records of earlier releases stay valid. */
function givenTo({ env, mounts }: Params): object {
  const variables = Object.entries(env).map(([name, value]) => [name, comparable(value)]);
  return {
    ...(variables.length === 0 ? {} : { env: Object.fromEntries(variables) }),
    ...(mounts.length === 0 ? {} : { mounts }),
  };
}

const refOf = ({ image }: Params): string => image.claim.slice('image:'.length);

async function accept(p: Params, accepted: string, host: Connection, report: Report): Promise<void> {
  const staged = besidePath(p.record, ENDINGS.check);
  report.progress('asking the image');
  try {
    await host.writeFile(staged, p.content.text(), { mode: '0600', owner: p.as, group: p.as });
    const ended = await runOnce(host.docker, CHECK_CONTAINER, checker(p, staged), Math.ceil(p.within / 1000));
    if (ended.exitCode !== 0) throw refused(p, ended.exitCode, ended.log);
  } finally {
    await host.remove(staged);
  }
  await host.writeFile(p.record, `${accepted}\n`, ROOT_FILE);
}

const checker = (p: Params, staged: string): Parameters<typeof runOnce>[2] => ({
  Image: refOf(p),
  Entrypoint: ['sh'],
  Cmd: ['-c', p.command],
  ...(Object.keys(p.env).length === 0 ? {} : { Env: envList(p.env) }),
  HostConfig: {
    NetworkMode: 'none',
    RestartPolicy: { Name: 'no' },
    Mounts: [
      bindMount(staged, p.target),
      ...p.mounts.map(({ source, target, readOnly }) => bindMount(source, target, readOnly)),
    ],
  },
});

function refused(p: Params, exitCode: number, log: string): OrchError {
  return new OrchError(
    'CONFIG_REFUSED',
    `${refOf(p)} refuses the new ${p.target}: its check ended with exit code ${exitCode}`,
    {
      nothingChanged: true,
      hint: 'nothing was changed; read its last lines and correct the inventory',
      details: log.trim(),
    },
  );
}
