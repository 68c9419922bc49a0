import type { EngineInfo } from '../core/host/docker.ts';

/** What a fake engine is like. */
export interface FakeDockerOptions {
  /** Which of Docker's image stores it has: they report different ids for one archive. Default classic. */
  readonly store?: 'classic' | 'containerd';
  readonly files: {
    /** A file of the host; `null` when there is none, or it is a directory. */
    read(path: string): string | null;
    /** Whether anything is at a path, directories too. Default: whether `read` finds a file. */
    exists?(path: string): boolean;
  };
  /** What it says of itself, where that matters. */
  readonly info?: Partial<EngineInfo>;
  /** Variables that every image brings. */
  readonly imageEnv?: readonly string[];
}
