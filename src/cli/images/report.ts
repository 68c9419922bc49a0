import type { Finding } from '../../api7/image-contract/finding.ts';
import type { Service } from '../../api7/services.ts';
import type { ErrorInfo } from '../../core/event/event.ts';

/** An image's own settings; its variables by name only. */
export interface ImageFacts {
  readonly id: string;
  readonly digests: readonly string[];
  readonly architecture: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly stopSignal: string;
  readonly ports: readonly string[];
  readonly variables: readonly string[];
}

/** One image tried on one host. */
export interface VerifiedImage {
  readonly service: Service['name'];
  readonly ref: string;
  readonly host: string;
  /** Version of the host's Docker Engine. */
  readonly engine: string;
  readonly facts: ImageFacts;
  readonly findings: readonly Finding[];
}

/** `images verify`, as JSON and in its report file. */
export interface ImagesReport {
  readonly at: string;
  /** Version of api7-orch. */
  readonly version: string;
  readonly cluster: string;
  readonly images: readonly VerifiedImage[];
  readonly errors: readonly ErrorInfo[];
}

/** Rows of one outcome, each with its image. */
export const findingsOf = (
  { images }: ImagesReport,
  outcome: Finding['outcome'],
): readonly (Finding & Pick<VerifiedImage, 'service' | 'host'>)[] =>
  images.flatMap(({ service, host, findings }) =>
    findings.filter((one) => one.outcome === outcome).map((one) => ({ ...one, service, host })),
  );
