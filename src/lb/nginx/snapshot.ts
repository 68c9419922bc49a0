import { sha256 } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import { sharePerTick } from '../../core/base/share-per-tick.ts';
import type { Reader } from '../../core/host/connection.ts';

/** Paths of nginx and of the upstream's include file on the balancer's host. */
export interface NginxPaths {
  readonly include: string;
  readonly pid: string;
}

/** The include file, and whether nginx has loaded it. */
export interface NginxSnapshot {
  readonly text: string;
  readonly sha256: string;
  /** Every active worker was started after the file was written. */
  readonly loaded: boolean;
  /** Milliseconds since the start of the oldest active worker. */
  readonly sinceMs: number;
  /**
   * Identifies the master process, not its generation of workers: each drain of another member starts new workers and
   * loses nothing.
   */
  readonly epoch: string;
}

/**
 * Lists nginx's active workers as `pid start`, start in hundredths of a second since boot (field 22 of stat). Some
 * kernels do not list a process's children: then the script searches all processes.
 */
export const WORKERS = `workers() {
  children=$(cat "/proc/$master/task/$master/children" 2>/dev/null) || children=$(cd /proc && echo [0-9]*)
  for worker in $children; do
    { read -r line <"/proc/$worker/stat"; } 2>/dev/null || continue
    set -- \${line##*) }
    [ "$2" = "$master" ] || continue
    case $(tr '\\0' ' ' 2>/dev/null <"/proc/$worker/cmdline") in
      *'shutting down'*) ;;
      *'worker process'*) echo "$worker \${20}" ;;
    esac
  done
}
master=$(cat "$pid_file" 2>/dev/null)
case $(tr '\\0' ' ' 2>/dev/null <"/proc/\${master:-none}/cmdline") in
  *'master process'*) ;;
  *) master= ;;
esac
`;

/**
 * File and processes use different clocks, so ages are compared. Both clocks are read at the same moment: on a busy host the start of
 * `date` takes so long that a file which nginx has just loaded would seem not to be loaded.
 */
const LOOK = `export LC_ALL=C
include=$1 pid_file=$2
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
[ -f "$include" ] || { echo missing; exit 0; }
${WORKERS}[ -n "$master" ] || { echo stopped; exit 0; }
{ read -r line <"/proc/$master/stat"; } 2>/dev/null
set -- \${line##*) }
echo "master $master \${20}"
workers | sed 's/^/worker /'
tries=0 before= uptime=-
while [ "$before" != "$uptime" ] && [ $tries -lt 20 ]; do
  read -r before _ </proc/uptime
  now=$(date +%s.%N)
  read -r uptime _ </proc/uptime
  tries=$((tries + 1))
done
case $now in *[!0-9.]*) now=$(date +%s) ;; esac
written=$(stat -L -c %.9Y -- "$include")
case $written in *[!0-9.]*) written=$(stat -L -c %Y -- "$include") ;; esac
echo "ages $now $uptime $written"
echo "sha256 $(sha256sum <"$include")"
echo file
cat -- "$include"
`;

/** Seconds. The kernel counts a process's start in hundredths; busybox tools print a file's time in whole seconds. */
const TICK = 0.02;
const COARSE = 1;
const LIMIT_MS = 30_000;

const asking = new WeakMap<Reader, ReturnType<typeof sharePerTick<NginxSnapshot>>>();

/** One reading covers all members: the host is asked once per tick. */
export function readNginx(host: Reader, paths: NginxPaths): Promise<NginxSnapshot> {
  const ask = asking.get(host) ?? sharePerTick<NginxSnapshot>();
  asking.set(host, ask);
  return ask(`${paths.include}\0${paths.pid}`, () => readSnapshot(host, paths));
}

async function readSnapshot(host: Reader, { include, pid }: NginxPaths): Promise<NginxSnapshot> {
  const argv = ['sh', '-c', LOOK, 'sh', include, pid];
  const { code, stdout, stderr } = await host.test({ argv }, { timeoutMs: LIMIT_MS });
  if (code !== 0 || stdout === '') throw answer(host, 'its state could not be read', stderr);
  if (stdout.startsWith('missing')) throw missing(host, include);
  if (stdout.startsWith('stopped')) throw stopped(host, pid);
  const border = stdout.indexOf('\nfile\n');
  const lines = stdout.slice(0, border).split('\n');
  const fields = (name: string): readonly string[][] =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.split(' ').slice(1));
  const text = stdout.slice(border + '\nfile\n'.length);
  const digest = fields('sha256')[0]?.[0] ?? '';
  if (border === -1 || sha256(text) !== digest)
    throw answer(host, `${include} holds what is not UTF-8, or more than 1 MiB`, stderr);
  const ages = fields('ages')[0] ?? [];
  const [now = 0, uptime = 0, written = 0] = ages.map(Number);
  const doubt = ages.every((age) => age.includes('.')) ? TICK : TICK + COARSE;
  const starts = fields('worker').map(([, start]) => Number(start) / 100);
  const oldest = Math.min(...starts);
  return {
    text,
    sha256: digest,
    loaded: starts.length > 0 && uptime - oldest < now - written + doubt,
    sinceMs: Math.max(0, Math.round((uptime - oldest) * 1000)),
    epoch: (fields('master')[0] ?? []).join('.'),
  };
}

const missing = (host: Reader, include: string): OrchError =>
  new OrchError('LB_MEMBER_UNKNOWN', `${include} does not exist on ${host.name}`, {
    hint: `create it with one line "server ADDRESS:PORT;" for each member, put "include ${include};" into the upstream, and reload nginx`,
  });

const stopped = (host: Reader, pid: string): OrchError =>
  new OrchError('LB_UNREACHABLE', `no nginx runs on ${host.name} by ${pid}`, {
    retryable: true,
    hint: 'start it; if its pid file is elsewhere, set "pid" of this load balancer in the inventory',
  });

const answer = (host: Reader, why: string, details: string): OrchError =>
  new OrchError('LB_INVALID_REPLY', `nginx on ${host.name}: ${why}`, {
    hint: 'check the file on that host; the tools of a usual Linux system (sh, stat, date, sha256sum) must be there',
    details: lastChars(details),
  });
