import { z } from 'zod';
import { typedLine } from '../core/base/argv.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { nameOrId } from '../core/host/container-name.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { isOwn } from './container/labels.ts';
import type { TakeOver } from './ports-free.ts';

const params = z.strictObject({
  /** Names of containers that will be created. */
  names: z.array(z.string().min(1)).min(1).readonly(),
});

interface Taken {
  readonly name: string;
  readonly running: boolean;
  /** It can be taken over. */
  readonly adoptable: boolean;
}

interface Seen {
  readonly host: string;
  readonly taken: readonly Taken[];
}

/**
 * A gate: these names are free, or api7-orch created the containers that have them. A container of another tool would be replaced, and
 * lost with its volumes. Never waits.
 *
 * @throws OrchError NAME_TAKEN
 */
export const namesFreeBut = (takeOver?: TakeOver) =>
  defineGate<typeof params, Seen>({
    kind: 'namesFree',
    params,
    title: ({ names }) => `namesFree ${names.join(' ')}`,
    look: async ({ names }, host) => ({ host: host.name, taken: await takenAmong(names, host, takeOver) }),
    met: (_p, { taken }) => taken.length === 0,
    unmet: (_p, { host, taken }) =>
      new OrchError(
        'NAME_TAKEN',
        taken.map(({ name }) => `${name}: a container that api7-orch did not create has this name`).join('; '),
        { hint: hintFor(taken, takeOver), host },
      ),
  });

function hintFor(taken: readonly Taken[], takeOver: TakeOver | undefined): string {
  const rename = taken.map(({ name }) => typedLine(['docker', 'rename', name, `${name}-earlier`])).join('; ');
  const away = `give it another name, under which it stays as it is: ${rename}`;
  const adopts = takeOver !== undefined && taken.some(({ adoptable }) => adoptable);
  if (adopts) return `to take it over without an interruption: ${takeOver.by}`;
  const running = taken.filter((one) => one.running).map(({ name }) => name);
  return running.length === 0 ? away : `stop it (${typedLine(['docker', 'stop', ...running])}), then ${away}`;
}

async function takenAmong(names: readonly string[], host: Reader, takeOver?: TakeOver): Promise<readonly Taken[]> {
  const found = await Promise.all(names.map((name) => host.docker.container(name)));
  const foreign = found.filter((one) => one !== null).filter((one) => one.State.Status !== 'removing' && !isOwn(one));
  const adoptable = new Set(foreign.some(({ State }) => State.Running) ? await takeOver?.containers(host) : []);
  return foreign.map(({ Id, Name, State }) => ({
    name: nameOrId(Name, Id),
    running: State.Running,
    adoptable: adoptable.has(Id),
  }));
}
