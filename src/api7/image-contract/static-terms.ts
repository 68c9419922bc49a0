import type { ImageInspect } from '../../core/host/docker.ts';
import { differs, type Finding, judged, type Term } from './finding.ts';
import type { Trial } from './trial.ts';

/** The image is for the architecture of the host. */
export function architectureOf({ image, architecture }: Trial): Finding {
  const term: Term = {
    what: 'architecture',
    expected: architecture,
    next: 'the host cannot run it; use the image or package for the architecture of the host',
  };
  return judged(term, image.Architecture === architecture, image.Architecture);
}

/** The signal that `docker stop` sends by itself. */
export const stopSignalOf = ({ Config }: ImageInspect): string => {
  const name = Config?.StopSignal ?? '';
  return name === '' ? 'SIGTERM' : name.replace(/^(?!SIG|\d)/, 'SIG');
};

/** The command of the image for a container without its own; '' for none. */
export const commandOf = ({ Config }: ImageInspect): string =>
  [...(Config?.Entrypoint ?? []), ...(Config?.Cmd ?? [])].join(' ');

/** A version of at least three numbers; a base image's own label, such as `24.04`, is none. */
const VERSION = /\d+(?:\.\d+){2,3}(?:[-+][\w.]+)?/g;

/** The last version in a text. */
export const versionIn = (text: string): string | undefined => text.match(VERSION)?.at(-1);

export const versionTerm = (version: string): Term => ({
  what: 'version',
  expected: version,
  next: 'the tag may name another release; correct api7.version or api7.images, or get the image again',
});

export const labeledVersion = ({ Config }: ImageInspect): string | undefined =>
  versionIn(Config?.Labels?.['org.opencontainers.image.version'] ?? '');

/** Whether the image has a command; a container without one cannot be started. */
export const hasCommand = (term: Term, image: ImageInspect): Finding | undefined =>
  commandOf(image) === '' ? differs(term, 'neither an entrypoint nor a command') : undefined;
