import { OrchError } from '../../core/base/errors.ts';
import type { Facts } from '../../core/host/connection.ts';
import type { Reply, Request } from './request.ts';

/** CAP_SYS_RESOURCE, capabilities(7): may raise hard limits up to the kernel's own. */
const SYS_RESOURCE = 24n;

/** What the transport itself needs to know, too: whose a new file is. */
export interface HostFacts extends Facts {
  readonly gid: number;
}

/**
 * The clock comes first, so that what else is read with it does not delay it. A shell reads a line by itself; one `cat`
 * fetches the rest, for each program that is started costs the host more than all that it says here.
 */
export const factsRequest: Request<HostFacts> = {
  snippet: [
    'date +clock=%s.%N',
    'line() { if read -r v <"$2"; then echo "$1=$v"; fi 2>/dev/null; }',
    'line kernel /proc/sys/kernel/osrelease',
    // Linux tells it since 6.1.
    'if [ -r /proc/sys/kernel/arch ]; then line arch /proc/sys/kernel/arch; else echo "arch=$(uname -m)"; fi',
    'printf hard=',
    'ulimit -Hn',
    // A number of the kernel's own cannot be read byte by byte, as a shell does.
    'printf most=',
    'cat /proc/sys/fs/nr_open /etc/os-release /proc/self/status',
  ].join('\n'),
  parse: parseFacts,
};

/** The host's own time, read in the same batch as what is compared with it. */
export const clockRequest: Request<number> = {
  snippet: 'date +%s.%N',
  parse: ({ stdout, stderr }) => {
    const ms = clockMs(stdout.toString().trim());
    if (ms > 0) return ms;
    throw new OrchError('FACTS_UNREADABLE', 'the host did not report its clock', {
      hint: 'it must have date in the PATH',
      details: stderr.trim(),
    });
  },
};

function parseFacts(reply: Reply): HostFacts {
  const lines = reply.stdout.toString().split('\n');
  const find = (start: string): string | undefined => {
    const line = lines.find((text) => text.startsWith(start));
    return line?.slice(start.length).trim();
  };
  const field = (start: string): string => {
    const text = find(start);
    if (text === undefined)
      throw new OrchError('FACTS_UNREADABLE', `the host did not report its ${start.replace(/[=:]$/, '')}`, {
        hint: 'it must be a Linux with /proc mounted, and with date, uname and cat in the PATH',
        details: reply.stderr.trim(),
      });
    return text;
  };
  // Real, effective, saved and file system's.
  const effective = (start: string): number => Number(field(start).split(/\s+/)[1]);
  return {
    os: find('PRETTY_NAME=')?.replace(/^(["'])(.*)\1$/, '$2') || 'unknown',
    kernel: field('kernel='),
    arch: field('arch='),
    uid: effective('Uid:'),
    gid: effective('Gid:'),
    clockSkewMs: Math.round(clockMs(field('clock=')) - (reply.sentAt + reply.answeredAt) / 2),
    nofile: openFiles(field('CapEff:'), field('most='), field('hard=')),
  };
}

/** busybox may not know %N and then prints it as it is, or nothing: half a second is the best guess within a second. */
function clockMs(text: string): number {
  const [seconds = '', fraction = ''] = text.split('.');
  return Number(seconds) * 1000 + (/^\d{9}$/.test(fraction) ? Number(fraction) / 1e6 : 500);
}

function openFiles(capabilities: string, most: string, hard: string): number {
  const mayRaise = ((BigInt(`0x${capabilities || '0'}`) >> SYS_RESOURCE) & 1n) === 1n;
  return mayRaise || hard === 'unlimited' ? Number(most) : Number(hard);
}
