import { z } from 'zod';
import { DEFAULTS } from './defaults.ts';
import {
  block,
  choice,
  defaulted,
  durationField,
  integer,
  list,
  named,
  otherwise,
  port,
  text,
  word,
} from './fields.ts';
import { remotePathCheck } from './formats.ts';
import { NAME, NAME_RULE } from './names.ts';

const hosts = text('Pattern of the hosts that run it; each of them is changed.');
const members = text('Pattern of the hosts that it balances.');
const argv = (description: string) => list(description, word('One word of the command; no shell sees it.'));

/** Settings of every managed pool. */
const common = {
  members,
  port: port('Port of the members that it balances.'),
  longest_request: otherwise(
    durationField('The longest that a request may rightly take; no drain may be cut shorter.', '1s'),
    DEFAULTS.longestRequest,
  ),
  drain: block(
    {
      within: otherwise(
        durationField('Time allowed for the requests of a drained member to end.', '1s'),
        'as `longest_request`',
      ),
      on_timeout: otherwise(
        choice(
          'After that time: `abort` restores the member and ends the run. `hold` asks. `quit_tail` stops the member once no new sessions come; its graceful stop finishes the rest.',
          ['abort', 'hold', 'quit_tail'],
        ),
        DEFAULTS.drainOnTimeout,
      ),
      quiet: otherwise(
        durationField('With `quit_tail`: how long the balancer must show no new sessions.', '1s'),
        DEFAULTS.drainQuiet,
      ),
    },
    'How members are drained before they are changed.',
  ).optional(),
  data_ports: otherwise(
    list(
      'Ports on which clients reach it: a balancer that still responds there cannot be ignored by `--without-lb`.',
      port('One port.'),
    ),
    '80, 443, `port`, and those of `api7.gateway.endpoints` at its address',
  ),
  check: block(
    {
      every: durationField('Time between two checks.', '1ms'),
      fall: integer('So many failed checks in a row take a member out.', 1, 1000),
      rise: integer('So many passed checks in a row take it in again.', 1, 1000),
    },
    "The balancer's health checks, where they cannot be read from it.",
  ).optional(),
};

/** A pool with a driver: the common fields, and the driver's own. */
const managed = <Driver extends string, Own extends z.ZodRawShape>(
  driver: Driver,
  { how, where, own }: { readonly how: string; readonly where: string; readonly own: Own },
) => block({ driver: z.literal(driver).meta({ description: how }), hosts, ...own, ...common }, where);

/** All drivers with their own fields. The driver gets them under these names. */
const drivers = [
  managed('haproxy', {
    how: 'HAProxy, by its runtime socket.',
    where: 'HAProxy on hosts of this inventory.',
    own: {
      socket: text("HAProxy's admin socket on those hosts.", remotePathCheck),
      config: defaulted(
        text("HAProxy's configuration on those hosts; the timing of its checks is read there.", remotePathCheck),
        '/etc/haproxy/haproxy.cfg',
      ),
    },
  }),
  managed('nginx', {
    how: 'nginx, by a file that its configuration includes.',
    where: 'nginx on hosts of this inventory.',
    own: {
      include: text(
        'File on those hosts with the `server` lines of the upstream and nothing else; api7-orch writes it.',
        remotePathCheck,
      ),
      pid: defaulted(text('Its pid file on those hosts.', remotePathCheck), '/run/nginx.pid'),
      test: defaulted(argv('Command that checks the configuration.'), ['nginx', '-t']),
      reload: defaulted(argv('Command that makes nginx load it.'), ['nginx', '-s', 'reload']),
    },
  }),
  managed('command', {
    how: 'Any other balancer, by commands of your own.',
    where: 'A balancer controlled by commands on hosts of this inventory.',
    own: {
      hooks: block(
        {
          status: argv('Command that prints how the balancer treats a member.'),
          drain: argv('Command after which a member gets no new requests.'),
          restore: argv('Command that gives a member back what it had before.'),
          close: argv('Command after which a member gets no requests at all, not even of sticky sessions.').optional(),
          counters: argv("Command that prints the balancer's totals for a member.").optional(),
        },
        'Commands of yours, run as root on those hosts. They find the member in `API7_ORCH_*` variables.',
      ),
    },
  }),
] as const;

/** A pool with a driver as in the file, with its driver's defaults. */
export type ManagedFile = z.output<(typeof drivers)[number]>;

/** The field of a driver that names what pools on one host are controlled by: a socket, a file. */
interface Control {
  readonly field: string;
  /** Several pools may have it, with other members or ports. */
  readonly shared: boolean;
  readonly byDefault?: string;
}

/** By driver; undefined: the driver separates pools itself. */
const controls: Readonly<Record<ManagedFile['driver'], Control | undefined>> = {
  haproxy: { field: 'socket', shared: true },
  nginx: { field: 'include', shared: false },
  command: undefined,
};

/** What distinguishes the pools of one driver, by the driver's name; all drivers, in the order of the schema. */
export const CONTROLS: ReadonlyMap<string, Control | undefined> = new Map(Object.entries(controls));

type OwnOf<Pool> = Pool extends ManagedFile ? Omit<Pool, keyof typeof common | 'hosts'> : never;

/** The driver of a pool and this driver's own fields. */
export type DriverFields = OwnOf<ManagedFile>;

const none = block(
  {
    driver: z.literal('none').meta({ description: 'A balancer that api7-orch does not speak to.' }),
    members,
    port: port('Port of the members that it balances.').optional(),
    reason: text('Why; it is shown and recorded wherever a check of the balancer is left out.'),
  },
  'A balancer that is out of reach.',
);

export const loadBalancers = named(
  'Load balancers, by what they balance: `gateways`, `dashboards`, `dp_managers`, or names of your own.',
  NAME,
  NAME_RULE,
  z.discriminatedUnion('driver', [...drivers, none]),
);
