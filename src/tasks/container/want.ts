import { z } from 'zod';
import { digestOf } from '../../core/base/data.ts';
import type { See } from '../../core/task/task.ts';
import { comparable, specDigest } from './labels.ts';
import { type ContainerParams, specOf } from './params.ts';
import { type ContainerState, managedMounts, specFields } from './state.ts';

const imageState = z.object({ id: z.string() });

/** The part of a file task's state that is needed here. */
const fileState = z.object({ digest: z.string() });

export function wantContainer(p: ContainerParams, now: ContainerState | null, see: See): ContainerState {
  const declared = specOf(p);
  const { id } = imageState.parse(see(p.image));
  const env = Object.fromEntries(Object.entries(declared.env).map(([name, value]) => [name, comparable(value)]));
  return {
    ...specFields({ ...declared, env }, declared),
    image: id,
    // The same image under another name needs no new container.
    ref: now?.image === id ? now.ref : declared.ref,
    env,
    spec: specDigest(declared),
    restartOn: Object.fromEntries(p.restartOn.map((task) => [task.claim, digestOf(task.bound.fingerprint(see(task)))])),
    mounted: wantMounted(p, now, see),
    running: true,
    // The replacement loses all of them.
    ...(now?.extras === undefined ? {} : { extras: {} }),
    leftover: false,
  };
}

/** Without a process, mounted files cannot be read: a container between two starts is not compared. */
function wantMounted(p: ContainerParams, now: ContainerState | null, see: See): ContainerState['mounted'] {
  if (now?.running && now.mounted === null) return null;
  const wanted = managedMounts(p).flatMap(({ target, task }): [string, string][] => {
    const { success, data } = fileState.safeParse(see(task));
    const visible = !now?.running || now.mounted?.[target] !== undefined;
    return success && visible ? [[target, data.digest]] : [];
  });
  return { ...now?.mounted, ...Object.fromEntries(wanted) };
}
