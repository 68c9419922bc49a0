import { defineTask } from '../core/task/define-task.ts';
import { type ContainerParams, containerParams } from './container/params.ts';
import { readContainer } from './container/read.ts';
import { type ContainerState, managedMounts } from './container/state.ts';
import { wantContainer } from './container/want.ts';
import { writeContainer } from './container/write.ts';
import { type ImageLocal, localOfImage } from './image/image-local.ts';

/**
 * A running container with exactly this image and these settings. It is replaced only for a real difference: in its
 * declared settings, in its image, in the tasks of `restartOn`, or in a managed file as the running process sees it. A
 * container that only stopped is started.
 *
 * @throws OrchError PORT_TAKEN, IMAGE_MISSING, CONTAINER_EXITED, CONTAINER_PAUSED, DOCKER_FAILED
 * @example yield container({ name: 'web', image: nginx, ports: [{ address: '127.0.0.1', host: 8080, container: 80 }]
 *   });
 */
export const container = defineTask<
  typeof containerParams,
  ImageLocal,
  ContainerState,
  { readonly ref: string; readonly image: string }
>({
  kind: 'container',
  params: containerParams,
  impact: 'node',
  claim: (p) => `container:${p.name}`,
  local: (p, io) => localOfImage(p.image, io),
  read: readContainer,
  want: (p, now, { see }) => wantContainer(p, now, see),
  write: (p, change, host, _image, report) => writeContainer(p, change, host, report),
  result: ({ ref, image }) => ({ ref, image }),
  hidden,
});

/**
 * Observed values may be secrets that api7-orch no longer knows: they are printed only if a plain value is declared.
 */
export function hidden(p: ContainerParams, path: string): boolean {
  const [field, ...rest] = path.split('.');
  const key = rest.join('.');
  if (field === 'env')
    return key === ''
      ? Object.values(p.env).some((value) => typeof value !== 'string')
      : typeof p.env[key] !== 'string';
  if (field !== 'mounted') return false;
  return managedMounts(p).some(({ target, task }) => (key === '' || key === target) && task.bound.hidden('digest'));
}
