import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import type { ContainerInspect } from '../core/host/docker.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { ContainerSpec } from '../docker/spec.ts';
import { isOwn } from '../tasks/container/labels.ts';
import { absolutePath } from '../tasks/file/fields.ts';
import { observedYaml } from '../tasks/yaml-file/observed-yaml.ts';
import { type PlainYaml, toPlainYaml } from '../tasks/yaml-file/yaml-value.ts';
import { yamlContent } from '../tasks/yaml-file.ts';
import { type Difference, settingsDiffer } from './comparison.ts';
import { configDiffers } from './config-differs.ts';
import { runningByHand } from './find-running.ts';
import { adoptionPath, isUnderWay, readAdoption } from './record.ts';
import { nameTaken } from './running/name-taken.ts';
import { type Refusal, refusal } from './running/refusal.ts';
import type { RunningService } from './running/running-service.ts';
import { marksOf } from './running/service-of.ts';
import { shortName, typed } from './running/words.ts';
import { targetFields } from './target.ts';

const params = z.strictObject({
  ...targetFields,
  /** Containers that belong to no compose project and no unit any more. */
  unmanaged: z.array(z.string()).readonly().default([]),
  /** Version of the inventory. */
  version: z.string(),
  /** What the container is to be. */
  spec: z.custom<ContainerSpec>(),
  block: z.string(),
  ownTargets: z.array(z.string()).readonly(),
  statusPort: z.string().optional(),
  insidePorts: z.record(z.string(), z.string()).optional(),
  /** Its configuration: where the host has it, where the image, and what it is to be. */
  config: z.strictObject({ source: absolutePath, target: absolutePath, content: yamlContent }),
  /** Of a gateway: the id of its instance that the inventory has for the host. */
  uid: z.string().optional(),
});

type Params = z.output<typeof params>;

interface Seen {
  readonly host: string;
  /** Name of the container; '': there is none to adopt. */
  readonly container: string;
  readonly refusals: readonly Pick<Refusal, 'message' | 'hint'>[];
  readonly differences: readonly Difference[];
}

/** A configuration has some kilobytes. */
const CONFIG_LIMIT = 1024 * 1024;

/**
 * A gate, one look: the container that runs a service and was not made by api7-orch can be adopted, and differs from the inventory only in
 * what adoption changes by design. Without such a container it is met.
 *
 * @throws OrchError ADOPTION_REFUSED, ADOPTION_DIFFERS
 */
export const adoptable = defineGate<typeof params, Seen>({
  kind: 'adoptable',
  params,
  title: ({ service }) => `${marksOf(service).words} can be adopted`,
  look,
  met: (_p, { refusals, differences }) => refusals.length + differences.length === 0,
  unmet(_p, { host, container, refusals, differences }) {
    const [first] = refusals;
    if (first !== undefined)
      return new OrchError('ADOPTION_REFUSED', refusals.map(({ message }) => message).join('; '), {
        hint: first.hint,
        host,
        ...(refusals.length > 1 ? { details: refusals.map((one) => `${one.message}: ${one.hint}`).join('\n') } : {}),
      });
    return new OrchError(
      'ADOPTION_DIFFERS',
      `container ${container} differs from the inventory: ${differences.map(({ what }) => what).join('; ')}`,
      {
        hint: differences.length === 1 ? differences[0]?.todo : 'the details list what to do for each difference',
        host,
        ...(differences.length > 1
          ? { details: differences.map(({ what, todo }) => `${what}: ${todo}`).join('\n') }
          : {}),
      },
    );
  },
});

async function look(p: Params, host: Reader): Promise<Seen> {
  const nothing: Seen = { host: host.name, container: '', refusals: [], differences: [] };
  const [record, there] = await Promise.all([readAdoption(p.service, host), host.docker.container(p.container)]);
  if (there !== null && isOwn(there)) return nothing;
  // Of one that is stopped already there is nothing to compare any more, and only one way: on.
  const old = isUnderWay(record) ? await host.docker.container(record.old.id) : null;
  const found = await runningByHand(p.service, p.unmanaged, host);
  if (old?.State.Running === false) {
    const refusals = [...nameTaken(p.service, there, old.Id), ...startedBeside(p.service, old, found)];
    return { ...nothing, container: shortName(old), refusals };
  }
  // None runs. A container that is only stopped is not taken over, and not replaced either.
  if (found === undefined)
    return {
      ...nothing,
      container: p.container,
      refusals: nameTaken(p.service, there, isUnderWay(record) ? record.old.id : ''),
    };
  const { content, refusals } = await configOf(p, found, host);
  return {
    host: host.name,
    container: found.container.name,
    refusals,
    differences:
      refusals.length > 0
        ? []
        : [
            ...(await ofImage(p, found, host)),
            ...settingsDiffer(found.settings, p),
            ...ofConfig(p, content),
            ...ofUid(p, found, host),
          ],
  };
}

/** The operator started the service from another container since an adoption was broken off: which of both is meant, only he knows. */
function startedBeside(service: string, old: ContainerInspect, found: RunningService | undefined): readonly Refusal[] {
  if (found === undefined || found.container.id === old.Id) return [];
  const [was, is] = [shortName(old), found.container.name];
  const what = `${is}: it runs in the place of ${was}, whose adoption is not finished`;
  const goOn = `to finish that of ${was}: docker stop ${typed(is)}`;
  return [refusal('TWO_CONTAINERS', what, `${goOn}; to adopt ${is} in its place: rm ${adoptionPath(service)}`)];
}

/**
 * The configuration of the process. Where it was started from the very file that api7-orch writes, a run that was broken off may have
 * replaced that file: what the process has is compared all the same.
 */
async function configOf({ config }: Params, { container, ...found }: RunningService, host: Reader) {
  const { content, source } = found.config;
  const isOwn = source === config.source;
  const refusals = found.refusals.filter(({ code }) => code !== 'CONFIG_EDITED' || !isOwn);
  if (content !== undefined || !isOwn) return { content, refusals };
  const seen = await host.read(`/proc/${container.pid}/root${config.target}`, CONFIG_LIMIT);
  return { content: seen === null ? undefined : observedYaml(seen.toString('utf8')), refusals };
}

function ofConfig({ config, block }: Params, content: PlainYaml | undefined): readonly Difference[] {
  if (content === undefined)
    return [{ what: `${config.target} cannot be read`, todo: 'see what is at that path in the container' }];
  const paths = configDiffers(
    content,
    toPlainYaml(config.content.value(), (secret) => secret.reveal()),
  );
  if (paths.length === 0) return [];
  const name = block.replace('api7.', 'api7.config.');
  return [
    {
      what: `its configuration differs at ${paths.join(', ')}`,
      todo: `set under ${name} the values that ${config.target} has there, or first change the container manually`,
    },
  ];
}

/** Adoption changes no version: that the old container is the way back holds only for the same image. */
async function ofImage(
  { version, spec: { ref } }: Params,
  { image }: RunningService,
  host: Reader,
): Promise<readonly Difference[]> {
  const todo = `state the version and registry that run, and change them after the adoption`;
  if (image.version !== version)
    return [{ what: `it runs version ${image.version ?? 'unknown'}, by the inventory ${version}`, todo }];
  const stated = await host.docker.image(ref);
  if (stated === null || stated.Id === image.id) return [];
  return [{ what: `it runs another image ${image.ref} than ${ref} of the inventory`, todo }];
}

function ofUid({ uid }: Params, found: RunningService, host: Reader): readonly Difference[] {
  if (uid === undefined || found.uid === uid) return [];
  return [
    {
      what: `its apisix.uid is ${found.uid ?? 'unknown'}, by the inventory ${uid}`,
      todo: found.uid === undefined ? 'see its conf/apisix.uid' : `set hosts.${host.name}.uid: ${found.uid}`,
    },
  ];
}
