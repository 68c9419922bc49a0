import { GATEWAY_CONFIG_CHECK } from '../config-check.ts';
import { GATEWAY_ID, IN_IMAGE } from '../paths.ts';
import { endedWords } from './ended-words.ts';
import { differs, type Finding, fileNotRead, judged, met, notShown } from './finding.ts';
import { GATEWAY_FILES, NO_DIRECTIVE } from './gateway-files.ts';
import { GATEWAY_TERMS as TERMS } from './gateway-terms.ts';
import { runningGateway } from './running-gateway.ts';
import { architectureOf, labeledVersion, stopSignalOf, versionIn, versionTerm } from './static-terms.ts';
import type { Ended, Trial } from './trial.ts';

const CHECK_SECONDS = 60;

/** Verifies the gateway's image against the contract. Findings in a fixed order. */
export async function verifyGateway(trial: Trial, version: string): Promise<readonly Finding[]> {
  const [said, right, broken, wrongSnippet] = await Promise.all([
    trial.run('id', { entrypoint: ['sh'], cmd: ['-c', 'id -u && id -G && apisix version'] }, CHECK_SECONDS),
    checked(trial, 'right', GATEWAY_CONFIG_CHECK),
    checked(trial, 'broken', 'apisix init'),
    checked(trial, 'wrongSnippet', GATEWAY_CONFIG_CHECK),
  ]);
  const config = configFinding(right, broken);
  const isRead = config.outcome === 'met';
  return [
    architectureOf(trial),
    versionFinding(trial, said, version),
    userFinding(said),
    judged(TERMS.stopSignal, stopSignalOf(trial.image) === TERMS.stopSignal.expected, stopSignalOf(trial.image)),
    config,
    ...(isRead ? [initFinding(right), snippetFinding(wrongSnippet)] : [TERMS.init, TERMS.test].map(fileNotRead)),
    ...(await runningGateway(trial, isRead)),
  ];
}

const mounted = (name: keyof typeof GATEWAY_FILES) => ({
  files: { [IN_IMAGE.gatewayConfig]: GATEWAY_FILES[name] },
  group: GATEWAY_ID,
});

const checked = (trial: Trial, name: keyof typeof GATEWAY_FILES, command: string): Promise<Ended> =>
  trial.run(`init-${name}`, { ...mounted(name), entrypoint: ['sh'], cmd: ['-c', command] }, CHECK_SECONDS);

function userFinding(said: Ended): Finding {
  const [uid = '', groups = ''] = said.log.split('\n').map((line) => line.trim());
  if (!/^\d+$/.test(uid) || !/^\d+(?: \d+)*$/.test(groups)) return notShown(TERMS.user, endedWords(said));
  const all = groups.split(' ');
  const wanted = String(GATEWAY_ID);
  return judged(
    TERMS.user,
    uid === wanted && all.includes(wanted),
    `uid ${uid}, group${all.length > 1 ? 's' : ''} ${all.join(' ')}`,
  );
}

/** The program's own version counts; a label may come from another build. */
function versionFinding({ image }: Trial, said: Ended, version: string): Finding {
  const term = versionTerm(version);
  const own = said.exitCode === 0 ? versionIn(said.log.split('\n').slice(2).join('\n')) : undefined;
  const found = own ?? labeledVersion(image);
  if (found === undefined) return notShown(term, 'neither apisix version nor a label has it');
  return judged(term, found === version, `${found} (${own === undefined ? 'label' : 'apisix version'})`);
}

/** A file that is not YAML must be refused. */
function configFinding(right: Ended, broken: Ended): Finding {
  if (right.exitCode === 127) return notShown(TERMS.config, endedWords(right));
  return broken.exitCode === 0
    ? differs(TERMS.config, 'not read: apisix init accepts a broken file there')
    : met(TERMS.config, 'read');
}

const initFinding = (right: Ended): Finding =>
  right.exitCode === 0 ? met(TERMS.init, 'accepted') : differs(TERMS.init, endedWords(right));

function snippetFinding(wrong: Ended): Finding {
  if (wrong.exitCode === 0) return differs(TERMS.test, 'accepts it');
  return wrong.log.includes(NO_DIRECTIVE)
    ? met(TERMS.test, 'refused')
    : notShown(TERMS.test, `refused for another reason: ${endedWords(wrong)}`);
}
