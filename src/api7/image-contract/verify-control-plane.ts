import type { HttpReply } from '../../core/host/connection.ts';
import { IN_IMAGE } from '../paths.ts';
import { CONTROL_PLANE_STOP_SECONDS } from '../services.ts';
import { CONTROL_PLANE_TERMS as TERMS } from './control-plane-terms.ts';
import { endedWords } from './ended-words.ts';
import { differs, type Finding, judged, met, notShown, type Term } from './finding.ts';
import {
  architectureOf,
  commandOf,
  hasCommand,
  labeledVersion,
  stopSignalOf,
  versionIn,
  versionTerm,
} from './static-terms.ts';
import type { Ended, Running, Trial } from './trial.ts';
import { until } from './until.ts';

export type ControlPlaneImage = 'dashboard' | 'dpManager';

const CONFIG_PATHS: Readonly<Record<ControlPlaneImage, string>> = {
  dashboard: IN_IMAGE.dashboardConfig,
  dpManager: IN_IMAGE.dpManagerConfig,
};

/** A port that no image uses by default. */
export const TRIAL_PORT = 27_080;

/** Loopback inside the container: no database is ever reached. */
const DATABASE = { address: '127.0.71.7', name: 'api7_orch_verify' } as const;

const CONFIG = `server:
  listen:
    host: 0.0.0.0
    port: ${TRIAL_PORT}
database:
  dsn: postgres://api7_orch:none@${DATABASE.address}:5432/${DATABASE.name}
`;

const SIGN_MS = 20_000;
/** Time for HTTP after the first sign of the database. */
const HTTP_MS = 3000;
const KILLED = 137;

/** Verifies a control-plane image against the contract, without a database. Findings in a fixed order. */
export async function verifyControlPlane(
  trial: Trial,
  image: ControlPlaneImage,
  version: string,
): Promise<readonly Finding[]> {
  const user = trial.image.Config?.User ?? '';
  const fixed = (found: Finding): readonly Finding[] => [
    architectureOf(trial),
    found,
    judged(TERMS.user, /^(?:|root|0)(?::.*)?$/.test(user), user === '' ? 'root' : user),
    judged(TERMS.stopSignal, stopSignalOf(trial.image) === TERMS.stopSignal.expected, stopSignalOf(trial.image)),
  ];
  const lacking = hasCommand(TERMS.entrypoint, trial.image);
  if (lacking !== undefined) {
    const why = 'it cannot be started';
    const rest = [TERMS.config, TERMS.health, TERMS.stop].map((term) => notShown(term, why));
    return [...fixed(versionFinding(trial, null, version)), lacking, ...rest];
  }
  const service = await trial.start('service', { files: { [CONFIG_PATHS[image]]: CONFIG }, ports: [TRIAL_PORT] });
  const signs = await firstSigns(trial, service);
  const says = image === 'dashboard' && signs.health !== null ? await service.get(TRIAL_PORT, '/api/version') : null;
  return [
    ...fixed(versionFinding(trial, says, version)),
    entrypointFinding(TERMS.entrypoint, trial, signs),
    configFinding(CONFIG_PATHS[image], signs),
    healthFinding(TERMS.health, signs.health),
    await stopFinding(TERMS.stop, trial, service),
  ];
}

interface Signs {
  readonly health: HttpReply | null;
  /** It reports an error about the file's database. */
  readonly namesDatabase: boolean;
  readonly ended: Ended | undefined;
}

/**
 * Waits until the process shows that it has read the file: it listens on the file's port, and reports an error about
 * the file's database.
 */
async function firstSigns(trial: Trial, service: Running): Promise<Signs> {
  const look = async (): Promise<Signs> => {
    const [health, log, ended] = await Promise.all([
      service.get(TRIAL_PORT, '/healthz'),
      service.log(),
      service.ended(),
    ]);
    return { health, namesDatabase: log.includes(DATABASE.address) || log.includes(DATABASE.name), ended };
  };
  let seen = await look();
  const again = (isEnough: () => boolean) => async (): Promise<boolean> => {
    seen = await look();
    return isEnough() || seen.ended !== undefined;
  };
  await until(
    trial,
    SIGN_MS,
    again(() => seen.health !== null || seen.namesDatabase),
  );
  await until(
    trial,
    HTTP_MS,
    again(() => seen.health !== null),
  );
  return seen;
}

function versionFinding({ image }: Trial, says: HttpReply | null, version: string): Finding {
  const term = versionTerm(version);
  const own = says?.status === 200 ? versionIn(says.body) : undefined;
  const found = own ?? labeledVersion(image);
  if (found === undefined) return notShown(term, 'unknown without a database');
  return judged(term, found === version, `${found} (${own === undefined ? 'label' : '/api/version'})`);
}

/** A shell's own codes for a missing or unusable program. Any other exit code means that it has started. */
const NOT_STARTED: ReadonlySet<number> = new Set([126, 127]);

const entrypointFinding = (term: Term, { image }: Trial, { ended }: Signs): Finding =>
  ended !== undefined && NOT_STARTED.has(ended.exitCode)
    ? differs(term, endedWords(ended))
    : met(term, commandOf(image));

function configFinding(path: string, { health, namesDatabase, ended }: Signs): Finding {
  const term = TERMS.config;
  if (namesDatabase) return met(term, 'it asks for the database in it');
  if (health !== null) return met(term, 'it listens on the port in it');
  const why = ended === undefined ? `no sign of it within ${SIGN_MS / 1000}s` : endedWords(ended);
  return differs({ ...term, next: `${term.next}; it is mounted at ${path}` }, `not read: ${why}`);
}

/** Without a database any status but 404 shows that the path exists. */
function healthFinding(term: Term, health: HttpReply | null): Finding {
  if (health === null) return notShown(term, 'no response without a database');
  return judged(term, health.status !== 404, String(health.status));
}

async function stopFinding(term: Term, { clock }: Trial, service: Running): Promise<Finding> {
  if ((await service.ended()) !== undefined) return notShown(term, 'it had ended by itself, without a database');
  const begun = clock.now();
  const { exitCode } = await service.stop('SIGTERM', CONTROL_PLANE_STOP_SECONDS);
  return exitCode === KILLED
    ? differs(term, 'did not end, and was killed')
    : met(term, `after ${((clock.now() - begun) / 1000).toFixed(1)}s`);
}
