import type { ContainerInspect, EngineInfo, ImageInspect } from '../../core/host/docker.ts';
import type { ServiceMarks } from './service-of.ts';

/** What is known of a container when it is judged. */
export interface Judged {
  readonly found: ContainerInspect;
  readonly marks: ServiceMarks;
  /** The image that it runs; `null`: the Engine has it no more. */
  readonly image: ImageInspect | null;
  /** As which it was created. */
  readonly ref: string;
  /** The id that this reference has now; `null`: none. */
  readonly tagged: string | null;
  readonly info: EngineInfo;
}
