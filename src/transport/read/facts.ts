import { OrchError } from '../../core/base/errors.ts';
import type { Facts } from '../../core/host/connection.ts';
import type { Reply, Request } from './request.ts';

/** CAP_SYS_RESOURCE, capabilities(7): may raise hard limits up to the kernel's own. */
const SYS_RESOURCE = 24n;

/** Bytes that are looked at: the files are a few KiB. */
const LONGEST = 64 * 1024;

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
    'line boot /proc/sys/kernel/random/boot_id',
    'line name /proc/sys/kernel/hostname',
    'echo "net=$(readlink /proc/self/ns/net 2>/dev/null)"',
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
  const lines = reply.stdout.subarray(0, LONGEST).toString().split('\n');
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
    machine: machineOf(find('boot='), find('net='), find('name=')),
    nofile: openFiles(field('CapEff:'), field('most='), field('hard=')),
  };
}

/**
 * What tells one machine from all others. The boot id is drawn by each kernel when it starts, so cloned machines with one
 * machine-id differ. Containers share their kernel's, but each has a network and a name of its own. The name also tells
 * machines apart that were resumed from one image of a running one.
 */
function machineOf(boot = '', network = '', name = ''): string | null {
  return boot === '' || network === '' || name === '' ? null : `${boot} ${network} ${name}`;
}

/** busybox may not know %N and then prints it as it is, or nothing: half a second is the best guess within a second. */
function clockMs(text: string): number {
  const [seconds = '', fraction = ''] = text.split('.');
  return Number(seconds) * 1000 + (/^\d{9}$/.test(fraction) ? Number(fraction) / 1e6 : 500);
}

function openFiles(capabilities: string, most: string, hard: string): number {
  const mask = /^[0-9a-f]{1,16}$/i.test(capabilities) ? capabilities : '0';
  const mayRaise = ((BigInt(`0x${mask}`) >> SYS_RESOURCE) & 1n) === 1n;
  return mayRaise || hard === 'unlimited' ? Number(most) : Number(hard);
}
