import { type AnyErrorCode, OrchError } from '../core/base/errors.ts';

/** An Engine's error reply: HTTP status and message. */
export interface EngineRefusal {
  /** The request, for example "start container api7-gateway". */
  readonly doing: string;
  readonly status: number;
  readonly message: string;
  readonly cause?: unknown;
}

interface Pattern {
  readonly matches: RegExp;
  readonly code: AnyErrorCode;
  hint(found: RegExpMatchArray): string;
}

// The Engine uses one status (500) for most of these: only its message distinguishes them.
const PATTERNS: readonly Pattern[] = [
  {
    // Short patterns: the message comes from the host and may be made to take long.
    matches:
      /^(?=[\s\S]*already (?:allocated|in use))[\s\S]*?(?:Bind for|bind:|listen tcp4?6?|exposing port)\s?\S{0,80}:(\d{1,5})/,
    code: 'PORT_TAKEN',
    hint: ([, port]) => `find what holds port ${port} (ss -ltnp, docker ps) and stop it, or choose another port`,
  },
  {
    matches: /port is already allocated|address already in use/,
    code: 'PORT_TAKEN',
    hint: () => 'find what holds the port (ss -ltnp, docker ps) and stop it, or choose another port',
  },
  {
    matches: /no space left on device/i,
    code: 'DISK_FULL',
    hint: () => "free space on the file system of Docker's data root (docker system df shows what uses it)",
  },
  {
    matches: /bind source path does not exist: (\S{1,300})/,
    code: 'MOUNT_MISSING',
    hint: ([, path]) => `create ${path} on the host, or correct the mount`,
  },
  {
    matches: /no such image/i,
    code: 'IMAGE_MISSING',
    hint: () => 'state the image task before the container that uses it',
  },
];

/**
 * The error for a refusal of the Engine.
 *
 * @example engineError({ doing: 'start container web', status: 500, message: 'Bind for 0.0.0.0:80 failed: port is
 *   already allocated' }).code // 'PORT_TAKEN'
 */
export function engineError({ doing, status, message, cause }: EngineRefusal): OrchError {
  const words = message.trim();
  for (const { matches, code, hint } of PATTERNS) {
    const found = words.match(matches);
    if (found !== null) return new OrchError(code, `${doing}: ${words}`, { hint: hint(found), cause });
  }
  return new OrchError('DOCKER_FAILED', `${doing}: ${words} (status ${status})`, {
    hint: status >= 500 ? "read the Docker daemon's log on that host" : 'correct what the message names',
    retryable: status === 503,
    cause,
  });
}
