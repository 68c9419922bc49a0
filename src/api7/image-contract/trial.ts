import type { Clock } from '../../core/base/clock.ts';
import type { HttpReply } from '../../core/host/connection.ts';
import type { ImageInspect } from '../../core/host/docker.ts';

/** A throw-away container of the image that is verified. */
export interface TrialContainer {
  /** In place of the image's own. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files that are mounted read-only, by path in the container. They have no secrets. */
  readonly files?: Readonly<Record<string, string>>;
  /** gid that may read these files. Default: root alone, as with the configuration of the control plane. */
  readonly group?: number;
  /** TCP ports that are asked from the host; without them the container has no network. */
  readonly ports?: readonly number[];
  /** It shares the network of this one. */
  readonly beside?: Running;
}

/** How a container ended, and its last lines. */
export interface Ended {
  readonly exitCode: number;
  readonly log: string;
}

/** A throw-away container with a process. */
export interface Running {
  readonly name: string;
  /** GET to one of its ports; `null`: no response. */
  get(port: number, path: string, timeoutMs?: number): Promise<HttpReply | null>;
  /** How it ended; `undefined` while its process runs. */
  ended(): Promise<Ended | undefined>;
  log(): Promise<string>;
  /** Sends the signal and waits until the process has ended; after so many seconds it is killed (exit code 137). */
  stop(signal: string, seconds: number): Promise<Ended>;
}

/** One image on one host, and what it takes to try it there. What it starts is removed when the trials are closed. */
export interface Trial {
  readonly image: ImageInspect;
  /** Architecture of the host, as images name it: `amd64`. */
  readonly architecture: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Runs a container to its end. A program that the image does not have ends with 127. */
  run(what: string, container: TrialContainer, seconds: number): Promise<Ended>;
  start(what: string, container: TrialContainer): Promise<Running>;
}
