import type { EngineInfo } from '../core/host/docker.ts';

/** Options of a fake Engine. */
export interface FakeDockerOptions {
  /** Docker's image store: the two report different ids for one archive. Default classic. */
  readonly store?: 'classic' | 'containerd';
  readonly files: {
    /** A file of the host; `null` if it does not exist or is a directory. */
    read(path: string): string | null;
    /** Whether a path exists, directories too. Default: whether `read` finds a file. */
    exists?(path: string): boolean;
  };
  /** Its own information, as far as a test needs it. */
  readonly info?: Partial<EngineInfo>;
  /** Variables of every image. */
  readonly imageEnv?: readonly string[];
}
