import type { Service } from '../../api7/services.ts';
import type { Secret } from '../../core/base/secret.ts';
import type { PlainYaml } from '../../tasks/yaml-file/yaml-value.ts';
import type { Refusal } from './refusal.ts';

/** One of API7's services as it runs on a host, of any origin. */
export interface RunningService {
  readonly service: Service['name'];
  readonly container: FoundContainer;
  readonly image: FoundImage;
  /** What its user set: all that the image brings is left out. */
  readonly settings: UserSettings;
  readonly config: FoundConfig;
  /** Id of a gateway's instance; undefined where it has none, or none that is one UUID. */
  readonly uid?: string;
  readonly certificates: readonly FoundCertificate[];
  /** Why it cannot be adopted; empty: it can be. */
  readonly refusals: readonly Refusal[];
}

/** What is on a host that is none of the running services, though it looks like one: stopped ones, tools of an image. */
export interface LeftAside {
  readonly name: string;
  readonly why: string;
}

/** All of API7 that was found on a host. */
export interface FoundOnHost {
  readonly host: string;
  /** One at most of each; where there are two, both with a refusal. */
  readonly services: readonly RunningService[];
  readonly aside: readonly LeftAside[];
}

interface FoundContainer {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  /** It was made by api7-orch: there is nothing to adopt. */
  readonly managed: boolean;
  readonly pid: number;
}

export interface FoundImage {
  /** As the container was created from it. */
  readonly ref: string;
  /** As this Engine's store reports it. */
  readonly id: string;
  /** Without "v"; undefined: neither its tag nor its labels contain it. */
  readonly version?: string;
}

/** A port that is published, as the Engine has it. */
export interface FoundPort {
  readonly container: number;
  readonly protocol: 'tcp' | 'udp';
  readonly host: number;
  /** `0.0.0.0` for all; sorted. */
  readonly addresses: readonly string[];
}

export interface FoundMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What adoption keeps. It changes the host name, the stop settings and the limit on open files by design. */
export interface UserSettings {
  /** Every value may be a secret: Docker does not mark them. */
  readonly env: Readonly<Record<string, Secret>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly FoundPort[];
  /** Bind mounts, without those of the configuration and the uid file. */
  readonly mounts: readonly FoundMount[];
  readonly log: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  /** Bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly extraHosts: Readonly<Record<string, string>>;
  readonly dns: readonly string[];
  readonly networkMode: string;
}

/** The configuration of a service. */
export interface FoundConfig {
  /** Its path on the host; undefined: the file is the image's own, or was written in the container. */
  readonly source?: string;
  /** As the process sees it; undefined: it cannot be read. */
  readonly content?: PlainYaml;
}

export interface FoundCertificate {
  /** `-e API7_CONTROL_PLANE_CERT`, or a path in the container. */
  readonly place: string;
  /** Milliseconds since the epoch; undefined: not readable. */
  readonly validToMs?: number;
}
