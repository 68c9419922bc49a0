import { commandLine } from '../../core/base/argv.ts';
import { type AnyErrorCode, OrchError } from '../../core/base/errors.ts';
import { lastLines } from '../../core/base/excerpt.ts';
import type { Connection } from '../../core/host/connection.ts';
import { ENDINGS } from '../../core/host/leftover-names.ts';
import { type NginxPaths, type NginxSnapshot, WORKERS } from './snapshot.ts';

/** How the configuration is tested and loaded. */
export interface NginxTools {
  readonly test: readonly string[];
  readonly reload: readonly string[];
  /** Seconds in which new workers must take over. Default 30. */
  readonly reloadSeconds?: number;
}

const CHANGED = 70;
const BUSY = 71;
const NOT_WRITTEN = 72;
const REFUSED = 73;
const NOT_INCLUDED = 74;
const NOT_RELOADED = 75;
const NOT_TAKEN = 76;
const RELOAD_SECONDS = 30;

/**
 * The whole change as one script, so that a lost connection leaves little behind: at worst a file that nginx has not
 * loaded, which the next reading shows. The new text comes on stdin.
 */
function script({ test, reload, reloadSeconds = RELOAD_SECONDS }: NginxTools): string {
  const dump = test.map((word) => (word === '-t' ? '-T' : word));
  const included = `${commandLine(dump)} 2>/dev/null 9<&- | sed -n 's/^# configuration file \\(.*\\):$/\\1/p' | {
  while read -r file; do [ "$file" -ef "$include" ] && exit 0; done
  exit 1
} || { mv -f -- "$old" "$include"; exit ${NOT_INCLUDED}; }
`;
  return `include=$(readlink -f -- "$1") expected=$2 pid_file=$3
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
export LC_ALL=C
beside=\${include%/*}/.\${include##*/}
old=$beside.${ENDINGS.earlier} new=$beside.${ENDINGS.fresh}
${WORKERS}exec 9<"\${include%/*}"
if command -v flock >/dev/null; then flock -w 60 9 || exit ${BUSY}; fi
[ "$(sha256sum <"$include" | cut -d' ' -f1)" = "$expected" ] || exit ${CHANGED}
{ cp -p -- "$include" "$old" && cp -p -- "$include" "$new" && cat >"$new" && { sync "$new" 2>/dev/null || sync; } && mv -f -- "$new" "$include"; } || exit ${NOT_WRITTEN}
said=$({ ${commandLine(test)}; } </dev/null 2>&1 9<&-) || { mv -f -- "$old" "$include"; echo "$said" >&2; exit ${REFUSED}; }
${test.includes('-t') ? included : ''}before=$(workers | cut -d' ' -f1)
${commandLine(reload)} </dev/null >&2 9<&- || { mv -f -- "$old" "$include"; touch -- "$include"; exit ${NOT_RELOADED}; }
rm -f -- "$old"
tries=0
while [ $tries -lt ${reloadSeconds * 10} ]; do
  earlier= later=
  for worker in $(workers | cut -d' ' -f1); do
    case " $(echo $before) " in *" $worker "*) earlier=1 ;; *) later=1 ;; esac
  done
  [ -z "$earlier" ] && [ -n "$later" ] && exit 0
  tries=$((tries + 1))
  sleep 0.1
done
exit ${NOT_TAKEN}
`;
}

/**
 * Replaces the text that was read by a new one, and reloads nginx. False: another change was first, and nothing was
 * changed. If nginx refuses the new text, the old one is restored.
 *
 * @throws OrchError LB_CONFIG_REFUSED | LB_NOT_INCLUDED | LB_RELOAD_FAILED, with nginx's output
 */
export async function changeNginx(
  host: Connection,
  paths: NginxPaths,
  tools: NginxTools,
  seen: NginxSnapshot,
  text: string,
): Promise<boolean> {
  const argv = ['sh', '-c', script(tools), 'sh', paths.include, seen.sha256, paths.pid];
  const { code, stderr } = await host.run({ argv }, { stdin: text, timeoutMs: 180_000 });
  if (code === 0) return true;
  if (code === CHANGED) return false;
  throw fault(host.name, paths, code, stderr);
}

const RELOADING = 'its old workers keep serving';

const FAULTS: Readonly<Record<number, readonly [code: AnyErrorCode, says: string, hint: string]>> = {
  [BUSY]: [
    'LB_BUSY',
    'another program has been changing it for a minute',
    'check what changes it, then run the same command to resume',
  ],
  [NOT_WRITTEN]: ['LB_WRITE_FAILED', 'the include file could not be written', 'read the details'],
  [REFUSED]: [
    'LB_CONFIG_REFUSED',
    'nginx refuses its configuration; the include file is as it was',
    'read its message in the details; the cause may be in a file of yours',
  ],
  [NOT_INCLUDED]: [
    'LB_NOT_INCLUDED',
    'nginx does not load the include file',
    'put an "include" of this file into the upstream of this pool and reload nginx; or correct "include" in the inventory',
  ],
  [NOT_RELOADED]: ['LB_RELOAD_FAILED', `nginx could not be made to reload; ${RELOADING}`, 'read the details'],
  [NOT_TAKEN]: [
    'LB_RELOAD_FAILED',
    `nginx got the reload signal, but no new workers took over in time; ${RELOADING}`,
    'read its error log; a changed "listen" that it cannot open is the usual cause',
  ],
};

const MAY_PASS: readonly (number | null)[] = [BUSY, NOT_RELOADED, NOT_TAKEN];

function fault(host: string, { include }: NginxPaths, code: number | null, stderr: string): OrchError {
  const [name, says, hint] = FAULTS[code ?? 0] ?? [
    'LB_COMMAND_FAILED',
    `changing it ended with ${code === null ? 'a signal' : `exit code ${code}`}`,
    'read the details',
  ];
  return new OrchError(name, `${include} on ${host}: ${says}`, {
    hint,
    retryable: MAY_PASS.includes(code),
    details: lastLines(stderr),
  });
}
