import type { Lab } from '../lab.ts';
import { hostNames } from '../plan/lab-file.ts';

const FILE = '/run/lab/argv';

/**
 * Reads the arguments of all processes fifty times a second until FILE.stop exists, then writes each command line once, in hex.
 */
const SAMPLER = `
use strict;
use warnings;
use Time::HiRes qw(time sleep);
my (%seen, $samples);
my $next = time;
until (-e '${FILE}.stop') {
  opendir my $proc, '/proc' or die;
  for my $pid (grep /^\\d+$/, readdir $proc) {
    open my $file, '<', "/proc/$pid/cmdline" or next;
    local $/;
    my $line = <$file>;
    $seen{$line} = 1 if defined $line && $line ne '';
  }
  $samples++;
  $next += 0.02;
  $next = time if $next < time - 1;
  my $rest = $next - time;
  sleep $rest if $rest > 0;
}
open my $out, '>', '${FILE}' or die;
print $out "$samples\\n", map { unpack('H*', $_) . "\\n" } keys %seen;
`;

export interface SeenArguments {
  readonly samples: number;
  /** Command lines, their words separated by blanks. */
  readonly lines: readonly string[];
}

/** Samples the arguments of every process on every host of a lab. No program may have a secret in them even for a moment. */
export async function argvSampler(lab: Lab): Promise<{ stop(): Promise<Readonly<Record<string, SeenArguments>>> }> {
  const names = hostNames(lab.file);
  const program = Buffer.from(SAMPLER).toString('base64');
  const start = `rm -f ${FILE} ${FILE}.stop; echo ${program} | base64 -d >/run/lab/argv.pl; setsid perl /run/lab/argv.pl >${FILE}.err 2>&1 </dev/null &`;
  await Promise.all(names.map((name) => lab.exec(name, start)));
  const stop = `touch ${FILE}.stop; for i in $(seq 100); do [ -s ${FILE} ] && break; sleep 0.1; done; sleep 0.2; cat ${FILE} ${FILE}.err; rm -f ${FILE}*`;
  return {
    async stop() {
      const seen = names.map(async (name): Promise<[string, SeenArguments]> => {
        const [samples = '', ...lines] = (await lab.exec(name, stop)).out.trim().split('\n');
        if (!/^\d+$/.test(samples)) throw new Error(`the sampler of ${name} printed: ${samples}`);
        const words = lines.map((hex) => Buffer.from(hex, 'hex').toString().replaceAll('\0', ' '));
        return [name, { samples: Number(samples), lines: words }];
      });
      return Object.fromEntries(await Promise.all(seen));
    },
  };
}
