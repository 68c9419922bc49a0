import type { Lab } from '../lab.ts';
import { must } from '../vendor/must.ts';
import type { Moment } from './moments.ts';

/** Action of the Docker Engine that ends the work of a phase, or in `renamed` its first half. */
const EVENTS = {
  prepared: 'create',
  policy: 'update',
  stopped: 'die',
  renamed: 'rename',
  started: 'start',
} as const;

/**
 * Waits until a run has come to a moment of an adoption on a host, and holds all its logins there: the run gets no reply and sends
 * nothing more. Checks every millisecond, for what follows a phase follows it at once.
 *
 * @example await hold(lab, 'gw-1', '/var/lib/api7-orch/adopt/gateway.json', { at: 'recorded', phase: 'stopped' });
 */
export const hold = (lab: Lab, host: string, record: string, { at, phase }: Moment): Promise<string> =>
  must(
    lab,
    host,
    `perl - '${record}' '${phase}' '${at === 'acted' && phase in EVENTS ? EVENTS[phase] : ''}' <<'PERL'\n${PROGRAM}PERL`,
  );

/** Ends the held logins: their output is lost. */
export const endLogins = (lab: Lab, host: string): Promise<string> =>
  must(lab, host, "pkill -KILL -f '^sshd: ops' || true");

const PROGRAM = `
use strict; use warnings; use IO::Socket::UNIX;
my ($record, $phase, $event) = @ARGV;
my $engine = IO::Socket::UNIX->new(Peer => '/var/run/docker.sock') or die "no Engine: $!";
syswrite $engine, "GET /events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D HTTP/1.1\\r\\nHost: docker\\r\\n\\r\\n";
my ($heard, $count, $there, @logins) = ('', 0, 0);
sub is_login { open my $file, '<', "/proc/$_[0]/cmdline" or return 0; return (<$file> // '') =~ /^sshd: ops/; }
sub logins { return grep { is_login($_) } map { m{(\\d+)$} ? $1 : () } glob '/proc/[0-9]*'; }
sub hold { kill 'STOP', @logins; kill 'STOP', logins(); print "held\\n"; exit 0; }
for (my $end = time + 120; time < $end; $count++) {
  @logins = logins() if $count % 100 == 0;
  $heard = '' unless $there;
  my $ready = '';
  vec($ready, fileno($engine), 1) = 1;
  if (select($ready, undef, undef, 0.001)) {
    sysread $engine, my $more, 65536 or die 'the Engine has ended';
    $heard .= $more;
  }
  hold() if $there && $heard =~ /"Action":"\\Q$event\\E"/;
  if (!$there && open my $file, '<', $record) {
    local $/; my $text = <$file> // '';
    $there = $text =~ /"phase":"\\Q$phase\\E"/;
    hold() if $there && $event eq '';
  }
}
die "no $phase $event within two minutes";
`;
