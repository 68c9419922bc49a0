import { isDeepStrictEqual } from 'node:util';
import type { EngineInfo } from '../../core/host/docker.ts';
import { unstatableFlags } from '../../tasks/container/extras.ts';
import { isOfCompose } from './compose-owner.ts';
import { judgeMounts } from './judge-mounts.ts';
import type { Judged } from './judged.ts';
import { type Refusal, type RefusalCode, refusal } from './refusal.ts';
import { shortName, typed } from './words.ts';

/** The remedy of most refusals: the operator creates the container again without the flag. */
const again = (name: string, without: string): string =>
  `create the container again ${without} while its node is drained: docker inspect ${typed(name)} shows what it was given`;

/**
 * Why a container cannot be adopted, as far as its Engine shows. Adoption makes a new container from the inventory: a setting
 * without a field there would be lost.
 */
export function judge(judged: Judged): readonly Refusal[] {
  const { found, image, info } = judged;
  const name = shortName(found);
  const { Config, HostConfig } = found;
  const say = (code: RefusalCode, what: string, hint: string): Refusal[] => [refusal(code, `${name}: ${what}`, hint)];
  const given = (own: unknown, brought: unknown): boolean => !isDeepStrictEqual(listOf(own), listOf(brought));
  return [
    ...(found.State.Status === 'running'
      ? []
      : say('NOT_RUNNING', `it is ${found.State.Status}`, stateHint(name, found.State.Status))),
    ...(HostConfig.AutoRemove === true
      ? say('AUTO_REMOVE', 'it was started with --rm and vanishes when it is stopped', again(name, 'without --rm'))
      : []),
    ...(image !== null && (given(Config.Cmd, image.Config?.Cmd) || given(Config.Entrypoint, image.Config?.Entrypoint))
      ? say('COMMAND', 'it has a command or entry point of its own', again(name, "with the image's own"))
      : []),
    ...privileged(judged, say),
    ...networks(judged, say),
    ...(isRemapped(judged, info)
      ? say(
          'USERNS',
          'the Docker Engine maps its user ids to others',
          'keep the host unmanaged, or move its services to a Docker Engine without userns-remap: removing that setting hides all its containers and images, so drain the node first',
        )
      : []),
    ...imageMoved(judged, say),
    ...judgeMounts(judged),
    ...settings(judged, say),
  ];
}

type Say = (code: RefusalCode, what: string, hint: string) => Refusal[];

/** An Engine shows an empty list as `null` or `[]`. */
const listOf = (value: unknown): unknown => (Array.isArray(value) && value.length === 0 ? null : (value ?? null));

const stateHint = (name: string, status: string): string =>
  status === 'paused' ? `docker unpause ${typed(name)}` : `see why it does not run: docker logs ${typed(name)}`;

function privileged({ found }: Judged, say: Say): Refusal[] {
  const { HostConfig } = found;
  const name = shortName(found);
  const given = [
    ...(HostConfig.Privileged === true ? ['--privileged'] : []),
    ...(isGiven(HostConfig, 'Devices') ? ['--device'] : []),
    ...(isGiven(HostConfig, 'DeviceRequests') ? ['--gpus'] : []),
  ];
  return given.length === 0 ? [] : say('PRIVILEGED', `it has ${given.join(' and ')}`, again(name, 'without it'));
}

const isGiven = (config: object, field: string): boolean => {
  const value: unknown = Reflect.get(config, field);
  return Array.isArray(value) && value.length > 0;
};

function networks({ found }: Judged, say: Say): Refusal[] {
  const { NetworkMode } = found.HostConfig;
  const name = shortName(found);
  if (NetworkMode === 'host')
    return say(
      'HOST_NETWORK',
      'it has the network of the host',
      again(name, 'without --network host, with -p for its ports'),
    );
  const joined = Object.keys(found.NetworkSettings?.Networks ?? {});
  const usual = NetworkMode === 'default' || NetworkMode === 'bridge';
  const others = [...new Set([...(usual ? [] : [NetworkMode]), ...joined])].filter((one) => one !== 'bridge');
  if (others.length === 0) return [];
  const hint = usual ? `docker network disconnect ${typed(others[0] ?? '', name)}` : apart(found);
  return say('NETWORK', `it is on the network ${others.join(', ')}`, hint);
}

/** Compose gives each project a network of its own. */
const apart = (found: Judged['found']): string =>
  isOfCompose(found)
    ? 'set network_mode: bridge for it in its compose file, and run docker compose up -d while its node is drained'
    : again(shortName(found), 'without --network');

const isRemapped = ({ found }: Judged, { SecurityOptions = [] }: EngineInfo): boolean =>
  found.HostConfig.UsernsMode !== 'host' &&
  SecurityOptions.some((option) => /(?:^|,)name=(?:userns|rootless)(?:,|$)/.test(option));

function imageMoved({ found, ref, tagged }: Judged, say: Say): Refusal[] {
  if (tagged === found.Image) return [];
  const what = tagged === null ? 'is on this host no more' : 'names another image by now';
  return say('IMAGE_MOVED', `its image ${ref} ${what}`, `docker tag ${typed(found.Image, ref)}`);
}

function settings({ found, image }: Judged, say: Say): Refusal[] {
  const { Config } = found;
  const own = HANDLED;
  const differs = (a: unknown, b: unknown): boolean => !isDeepStrictEqual(a ?? '', b ?? '');
  const flags = [
    ...unstatableFlags(found).filter((flag) => !own.some((one) => flag === one || flag.startsWith(`${one} `))),
    ...(differs(Config.User, image?.Config?.User) ? [`--user ${Config.User ?? ''}`] : []),
    ...(differs(Config.WorkingDir, image?.Config?.WorkingDir) ? [`--workdir ${Config.WorkingDir ?? ''}`] : []),
    ...(differs(Config.Healthcheck, image?.Config?.Healthcheck) ? ['--health-cmd'] : []),
  ];
  if (image === null || flags.length === 0) return [];
  return say(
    'SETTING',
    `it has ${flags.join(', ')}, for which the inventory has no field`,
    again(shortName(found), 'without that'),
  );
}

/** Flags with a refusal or a place of their own. */
const HANDLED = ['-v', '--privileged', '--device', '--volumes-from'];
