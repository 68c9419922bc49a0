import { OrchError } from '../../core/base/errors.ts';
import type { Facts } from '../../core/host/connection.ts';
import type { Reply, Request } from './request.ts';

/** CAP_SYS_RESOURCE, capabilities(7): may raise hard limits up to the kernel's own. */
const SYS_RESOURCE = 24n;

/** Output limit in bytes: the files have a few KiB. */
const LONGEST = 64 * 1024;

/** Facts that the transport itself needs too: the owner of new files. */
export interface HostFacts extends Facts {
  readonly gid: number;
}

/**
 * The clock comes first, so that other reads do not delay it. The shell reads single lines itself; one `cat` reads the
 * rest, because each program start costs the host more than the whole output.
 */
export const factsRequest: Request<HostFacts> = {
  snippet: [
    'date +clock=%s.%N',
    'line() { if read -r v <"$2"; then echo "$1=$v"; fi 2>/dev/null; }',
    'line kernel /proc/sys/kernel/osrelease',
    // Linux has this file since 6.1.
    'if [ -r /proc/sys/kernel/arch ]; then line arch /proc/sys/kernel/arch; else echo "arch=$(uname -m)"; fi',
    'line boot /proc/sys/kernel/random/boot_id',
    'line name /proc/sys/kernel/hostname',
    'echo "net=$(readlink /proc/self/ns/net 2>/dev/null)"',
    'if command -v flock >/dev/null 2>&1; then echo flock=yes; fi',
    'printf hard=',
    'ulimit -Hn',
    // A shell reads byte by byte, which fails on the kernel's own number files.
    'printf most=',
    'cat /proc/sys/fs/nr_open /etc/os-release /proc/self/status',
  ].join('\n'),
  parse: parseFacts,
};

/** The host's own time, read in the same batch as the values compared with it. */
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
  // Columns: real, effective, saved, file system.
  const effective = (start: string): number => Number(field(start).split(/\s+/)[1]);
  return {
    os: find('PRETTY_NAME=')?.replace(/^(["'])(.*)\1$/, '$2') || 'unknown',
    kernel: field('kernel='),
    arch: field('arch='),
    uid: effective('Uid:'),
    gid: effective('Gid:'),
    clockSkewMs: Math.round(clockMs(field('clock=')) - (reply.sentAt + reply.answeredAt) / 2),
    hasFlock: find('flock=') === 'yes',
    machine: machineOf(find('boot='), find('net='), find('name=')),
    nofile: openFiles(field('CapEff:'), field('most='), field('hard=')),
  };
}

/**
 * Identifies one machine. Each kernel generates its boot id at the start, so cloned machines with the same machine-id
 * differ. Containers share their kernel's boot id, but each has its own network and name. The name also distinguishes
 * machines resumed from one memory image.
 */
function machineOf(boot = '', network = '', name = ''): string | null {
  return boot === '' || network === '' || name === '' ? null : `${boot} ${network} ${name}`;
}

/** busybox may not support %N and prints it unchanged, or nothing: half a second is the best guess then. */
function clockMs(text: string): number {
  const [seconds = '', fraction = ''] = text.split('.');
  return Number(seconds) * 1000 + (/^\d{9}$/.test(fraction) ? Number(fraction) / 1e6 : 500);
}

function openFiles(capabilities: string, most: string, hard: string): number {
  const mask = /^[0-9a-f]{1,16}$/i.test(capabilities) ? capabilities : '0';
  const mayRaise = ((BigInt(`0x${mask}`) >> SYS_RESOURCE) & 1n) === 1n;
  return mayRaise || hard === 'unlimited' ? Number(most) : Number(hard);
}
