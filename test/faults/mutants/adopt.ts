import type { Mutant } from './mutant.ts';

const adopt = (file: string, why: string, find: string, replace: string, by: string): Mutant => ({
  file: `src/adopt/${file}`,
  find,
  replace,
  why,
  by: [`test/adopt/${by}.test.ts`],
});

const takeOver = (why: string, find: string, replace: string): Mutant =>
  adopt('phases/take-over.ts', why, find, replace, 'take-over');

const giveBack = (why: string, find: string, replace: string): Mutant =>
  adopt('phases/give-back.ts', why, find, replace, 'give-back');

/** Mistakes with the containers of an operator: in what is refused, in what is done to them, and in the way back. */
export const ADOPT_MUTANTS: readonly Mutant[] = [
  adopt(
    'adoptable.ts',
    'a gateway is taken over with the identity of another one',
    'if (uid === undefined || found.uid === uid) return [];',
    'if (uid === undefined || found.uid !== undefined) return [];',
    'adoptable',
  ),
  adopt(
    'adoptable.ts',
    'a container that discovery refuses is taken over',
    'refusals.length + differences.length === 0',
    'differences.length === 0',
    'adoptable',
  ),
  adopt(
    'adoptable.ts',
    'an operator’s file that was replaced since the start is not noticed',
    "code !== 'CONFIG_EDITED' || !isOwn",
    "code !== 'CONFIG_EDITED'",
    'adoptable',
  ),
  adopt(
    'adoptable.ts',
    'another image of the same version is taken for the same',
    'stated === null || stated.Id === image.id',
    'stated === null || stated.Id !== image.id',
    'adoptable',
  ),
  adopt(
    'kept.ts',
    'the old container is removed before its adoption is finished',
    'if (isUnderWay(record))\n      throw',
    'if (record === undefined)\n      throw',
    'kept',
  ),
  takeOver(
    'a stop is recorded after it',
    "await this.#enter('stopped');\n    await stopGently(found, this.#plan.stop, this.#host, report);",
    "await stopGently(found, this.#plan.stop, this.#host, report);\n    await this.#enter('stopped');",
  ),
  takeOver(
    'the old container keeps its restart policy',
    "await this.#enter('policy');\n    await this.#endPolicy(id);",
    "await this.#enter('policy');",
  ),
  takeOver(
    'the next run takes the ended restart policy for the operator’s',
    '...(known?.old ?? {',
    '...(known?.old.id === undefined ? {} : {',
  ),
  takeOver(
    'the old container gives its name away before it is stopped',
    'if (found.State.Running) await adoption.prepareAndStop(found, report);',
    'if (found.State.Paused) await adoption.prepareAndStop(found, report);',
  ),
  takeOver('the old container is removed', 'await docker.rename(old.id, kept);', 'await docker.remove(old.id);'),
  takeOver('the name of another container is taken', 'if (taken !== undefined) throw', 'if (taken === null) throw'),
  takeOver(
    'the new container starts beside an old one that something started again',
    'if (stopped?.State.Running === true)',
    'if (stopped?.State.Paused === true)',
  ),
  {
    file: 'src/tasks/container/stop.ts',
    find: 'if (old.State.Running) await report.aboutToStop();',
    replace: '',
    why: 'the old container is stopped although its drain was lost or no peer is up',
    by: ['test/adopt/take-over.test.ts'],
  },
  giveBack('the way back starts the new container', 'await docker.start(old.name);', 'await docker.start(plan.name);'),
  giveBack('the way back leaves the new container', 'await docker.remove(next.Id, { keepVolumes: true });', ''),
  giveBack(
    'the way back removes another container that has the name',
    ' && next.Id !== old.id && isOwn(next)',
    ' && next.Id !== old.id',
  ),
  giveBack(
    'the way back leaves the old container without its restart policy',
    'await docker.setRestartPolicy(old.name, old.policy);',
    '',
  ),
  giveBack(
    'a killed container is started again from the files that it left',
    '(isStopped && wasKilled(found))',
    '(isStopped && found.State.Dead)',
  ),
  giveBack(
    'a container that is created again has another identity',
    'Mounts: [...(HostConfig.Mounts ?? []), ...uid]',
    'Mounts: HostConfig.Mounts ?? []',
  ),
];
