import type { Facts } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';
import type { Reply, Request } from './script-reader.ts';

/** CAP_SYS_RESOURCE, capabilities(7): may raise hard limits up to the kernel's own. */
const SYS_RESOURCE = 24n;

/** The clock comes first, so that what else is read with it does not delay it. */
export const factsRequest: Request<Facts> = {
  snippet: [
    'echo "clock=$(date +%s.%N)"',
    'echo "kernel=$(uname -r)"',
    'echo "arch=$(uname -m)"',
    'echo "uid=$(id -u)"',
    'echo "os=$(sed -n \'s/^PRETTY_NAME=//p\' /etc/os-release 2>/dev/null)"',
    'echo "capabilities=$(sed -n \'s/^CapEff:[^0-9a-f]*//p\' /proc/self/status)"',
    'echo "most=$(cat /proc/sys/fs/nr_open)"',
    'echo "hard=$(ulimit -Hn)"',
  ].join('\n'),
  parse: parseFacts,
};

function parseFacts(reply: Reply): Facts {
  const lines = reply.stdout.toString().split('\n');
  const field = (name: string): string => {
    const line = lines.find((text) => text.startsWith(`${name}=`));
    if (line === undefined)
      throw new OrchError('FACTS_UNREADABLE', `the host did not tell its ${name}`, { details: reply.stderr.trim() });
    return line.slice(name.length + 1).trim();
  };
  return {
    os: field('os').replace(/^(["'])(.*)\1$/, '$2') || 'unknown',
    kernel: field('kernel'),
    arch: field('arch'),
    uid: Number(field('uid')),
    clockSkewMs: Math.round(clockMs(field('clock')) - (reply.sentAt + reply.answeredAt) / 2),
    nofile: openFiles(field('capabilities'), field('most'), field('hard')),
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
