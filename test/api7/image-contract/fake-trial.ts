import type { Ended, Running, Trial, TrialContainer } from '../../../src/api7/image-contract/trial.ts';
import type { HttpReply } from '../../../src/core/host/connection.ts';
import type { ImageInspect } from '../../../src/core/host/docker.ts';
import { virtualClock } from '../../support/cluster/run-fake.ts';

type Reply = HttpReply | null | Promise<HttpReply | null>;

/** The behavior of an image in a trial, by the names of its containers. */
export interface Behaviour {
  readonly config: NonNullable<ImageInspect['Config']>;
  readonly architecture: string;
  run(what: string, container: TrialContainer): Ended;
  get(what: string, port: number, path: string): Reply;
  /** How a container has ended by itself. */
  ended(what: string): Ended | undefined;
  log(what: string): string;
  stop(what: string, signal: string): Ended | Promise<Ended>;
}

/** An image in memory, on a clock that advances only during waits. */
export function fakeTrial(image: Behaviour): Trial & { readonly started: readonly string[] } {
  const started: string[] = [];
  const running = (what: string): Running => ({
    name: what,
    get: async (port, path) => await image.get(what, port, path),
    ended: async () => image.ended(what),
    log: async () => image.log(what),
    stop: async (signal) => await image.stop(what, signal),
  });
  return {
    started,
    image: {
      Id: 'sha256:1',
      RepoTags: [],
      RepoDigests: [],
      Architecture: image.architecture,
      Config: image.config,
    },
    architecture: 'amd64',
    clock: virtualClock(),
    signal: new AbortController().signal,
    run: async (what, container) => image.run(what, container),
    async start(what) {
      started.push(what);
      return running(what);
    },
  };
}
