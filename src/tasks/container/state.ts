import { defined } from '../../core/base/data.ts';
import { Secret, stretchedDigest } from '../../core/base/secret.ts';
import type { ContainerSpec, LogOptions, Mount, ObservedSpec } from '../../docker/spec.ts';
import type { ContainerParams } from './params.ts';

/** A container's state, limited to declared fields: other fields never count as a change. Secret values are digests. */
export type ContainerState = Omit<ObservedSpec, 'networkMode' | 'log'> & {
  /** Id of its image, the same for both of Docker's image stores. */
  readonly image: string;
  readonly networkMode?: string;
  readonly log?: LogOptions;
  /** Digest of the whole declaration, from its label. */
  readonly spec: string | null;
  /** Digest of each task of `restartOn`, by claim, from its label. */
  readonly restartOn: Readonly<Record<string, string>>;
  /** Digest of each managed file as the container sees it, by path in the container; `null` without a process. */
  readonly mounted: Readonly<Record<string, string>> | null;
  readonly running: boolean;
  /** Settings of another tool's container beyond the declared ones; absent if there are none. */
  readonly extras?: Readonly<Record<string, 'set'>>;
  /** Whether an interrupted replacement left its container that was never started. */
  readonly leftover: boolean;
};

/** A mount whose source is a file of a `restartOn` task. */
export interface ManagedMount {
  readonly target: string;
  readonly task: ContainerParams['restartOn'][number];
}

export const managedMounts = ({ mounts, restartOn }: ContainerParams): readonly ManagedMount[] =>
  mounts.flatMap(({ source, target }) =>
    restartOn.filter(({ claim }) => claim === `file:${source}`).map((task) => ({ target, task })),
  );

/** Fields of the declaration: its own values, or a container's values of the declared fields. */
export function specFields(
  spec: ObservedSpec | ContainerSpec<string>,
  declared: ContainerSpec,
): Omit<ContainerState, 'image' | 'ref' | 'spec' | 'restartOn' | 'mounted' | 'running' | 'leftover' | 'env'> {
  const { log } = spec;
  const ifDeclared = <K extends keyof ContainerSpec & keyof ObservedSpec>(name: K) =>
    declared[name] === undefined ? undefined : spec[name];
  return {
    ...defined({ hostname: ifDeclared('hostname') }),
    labels: Object.fromEntries(Object.entries(spec.labels).filter(([key]) => key in declared.labels)),
    ports: spec.ports,
    mounts: Object.fromEntries(
      Object.entries(spec.mounts).map(([target, mount]: [string, Mount]) => [target, { ...mount }]),
    ),
    restart: spec.restart,
    ...defined({
      stopSignal: ifDeclared('stopSignal'),
      stopTimeoutSeconds: ifDeclared('stopTimeoutSeconds'),
      nofile: ifDeclared('nofile'),
      networkMode: ifDeclared('networkMode'),
      memory: ifDeclared('memory'),
      cpus: ifDeclared('cpus'),
      // The Engine's own options are not compared: its daemon's configuration may add some.
      log: log === 'off' || typeof declared.log !== 'object' ? undefined : log,
      extraHosts: ifDeclared('extraHosts'),
      dns: ifDeclared('dns'),
    }),
  };
}

/** Replaces the value of a variable that is no longer declared: only its name matters. */
const SET = '(set)';

/** Observed variables that are declared, or were when the container was created. Leaves out the image's own. */
export function declaredEnv(
  observed: Readonly<Record<string, string>>,
  declared: ContainerSpec['env'],
  remembered: readonly string[],
): Record<string, string> {
  const names = new Set([...Object.keys(declared), ...remembered]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = observed[name];
      if (value === undefined) return [];
      const wanted = declared[name];
      return [[name, wanted === undefined ? SET : wanted instanceof Secret ? stretchedDigest(value) : value]];
    }),
  );
}
