import type { Clock } from '../../core/base/clock.ts';
import type { HttpReply } from '../../core/host/connection.ts';
import type { ImageInspect } from '../../core/host/docker.ts';

/** A throw-away container of the verified image. */
export interface TrialContainer {
  /** Replaces the image's own. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files mounted read-only, by path in the container. They contain no secrets. */
  readonly files?: Readonly<Record<string, string>>;
  /** gid that may read these files. Default: only root, as for the control plane's configuration. */
  readonly group?: number;
  /** TCP ports that the host connects to; without them the container has no network. */
  readonly ports?: readonly number[];
  /** Shares the network of this container. */
  readonly beside?: Running;
}

/** How a container ended, and its last lines. */
export interface Ended {
  readonly exitCode: number;
  readonly log: string;
}

/** A running throw-away container. */
export interface Running {
  readonly name: string;
  /** GET to one of its ports; `null`: no response. */
  get(port: number, path: string, timeoutMs?: number): Promise<HttpReply | null>;
  /** How it ended; `undefined` while its process runs. */
  ended(): Promise<Ended | undefined>;
  log(): Promise<string>;
  /** Sends the signal and waits for the end of the process; kills it after `seconds` (exit code 137). */
  stop(signal: string, seconds: number): Promise<Ended>;
}

/** One image on one host, with the means to try it. All its containers are removed when the trials are closed. */
export interface Trial {
  readonly image: ImageInspect;
  /** Architecture of the host, as images name it: `amd64`. */
  readonly architecture: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Runs a container to its end. A missing program ends with 127. */
  run(what: string, container: TrialContainer, seconds: number): Promise<Ended>;
  start(what: string, container: TrialContainer): Promise<Running>;
}
