import { z } from 'zod';
import { block, named, port, text } from './fields.ts';
import { socketCheck } from './formats.ts';
import { NAME } from './schema-hosts.ts';

const members = text('Pattern of the hosts that it balances.');

const haproxy = block(
  {
    driver: z.literal('haproxy').meta({ description: 'HAProxy, by its runtime socket.' }),
    hosts: text('Pattern of the hosts that run it; every one of them is spoken to.'),
    socket: text("HAProxy's admin socket on those hosts.", socketCheck),
    members,
    port: port('Port of the members that it balances.'),
  },
  'HAProxy on hosts of this inventory.',
);

const none = block(
  {
    driver: z.literal('none').meta({ description: 'A balancer that api7-orch does not speak to.' }),
    members,
    reason: text('Why; it is shown and recorded wherever a check of the balancer is left out.'),
  },
  'A balancer that is out of reach.',
);

export const loadBalancers = named(
  'Load balancers, by what they balance: `gateways`, `dashboards`, `dp_managers`, or names of your own.',
  NAME,
  'a name is made of letters, digits, ".", "_" and "-"',
  z.discriminatedUnion('driver', [haproxy, none]),
);
