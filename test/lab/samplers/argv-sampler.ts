import type { Lab } from '../lab.ts';
import { hostNames } from '../plan/lab-file.ts';

const LAB = '/run/lab';

/** Reads the arguments of all processes fifty times a second until FILE.stop is there, then writes each command line once, in hex. */
const sampler = (file: string): string => `
use strict;
use warnings;
use Time::HiRes qw(time sleep);
my (%seen, $samples);
my $next = time;
until (-e '${file}.stop') {
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
open my $out, '>', '${file}' or die;
print $out "$samples\\n", map { unpack('H*', $_) . "\\n" } keys %seen;
`;

export interface SeenArguments {
  readonly samples: number;
  /** Command lines, their words separated by blanks. */
  readonly lines: readonly string[];
}

/** Runs a script; the result is its output. */
type RunScript = (script: string) => Promise<string>;

/** Samples the arguments of every process of one machine. No program may have a secret in them even for a moment. */
export async function sampleArguments(
  run: RunScript,
  { name, directory = LAB }: { readonly name: string; readonly directory?: string },
): Promise<{ stop(): Promise<SeenArguments> }> {
  const file = `${directory}/argv`;
  const program = Buffer.from(sampler(file)).toString('base64');
  await run(
    `rm -f ${file} ${file}.stop; echo ${program} | base64 -d >${file}.pl; setsid perl ${file}.pl >${file}.err 2>&1 </dev/null &`,
  );
  return {
    async stop() {
      const out = await run(
        `touch ${file}.stop; for i in $(seq 100); do [ -s ${file} ] && break; sleep 0.1; done; sleep 0.2; cat ${file} ${file}.err; rm -f ${file}*`,
      );
      const [samples = '', ...lines] = out.trim().split('\n');
      if (!/^\d+$/.test(samples)) throw new Error(`the sampler of ${name} printed: ${samples}`);
      const words = lines.map((hex) => Buffer.from(hex, 'hex').toString().replaceAll('\0', ' '));
      return { samples: Number(samples), lines: words };
    },
  };
}

/** Samples the arguments on every host of a lab. */
export async function argvSampler(lab: Lab): Promise<{ stop(): Promise<Readonly<Record<string, SeenArguments>>> }> {
  const names = hostNames(lab.file);
  const started = await Promise.all(
    names.map((name) => sampleArguments(async (script) => (await lab.exec(name, script)).out, { name })),
  );
  return {
    async stop() {
      const seen = await Promise.all(started.map((one) => one.stop()));
      return Object.fromEntries(names.map((name, i) => [name, seen[i] ?? { samples: 0, lines: [] }]));
    },
  };
}
