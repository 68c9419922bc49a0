import { z } from 'zod';
import { DEFAULTS } from './defaults.ts';
import { block, choice, durationField, free, list, named, otherwise, port, taggedSecret, text } from './fields.ts';
import { addressCheck, jumpCheck, sshAddressCheck, uuidCheck } from './formats.ts';
import { login } from './gateway.ts';
import { NAME, NAME_RULE } from './names.ts';

/** OpenSSH's configuration comes before these defaults. Settings of one host fall back on those of all hosts. */
const sshSettings = (at: 'all hosts' | 'one host') => {
  const byDefault = (value: string | number) => (at === 'all hosts' ? value : 'as under ssh');
  return {
    config: otherwise(
      text('OpenSSH client configuration to go by, or `none`; relative to the inventory file, `~` expands.'),
      byDefault("yours and the system's"),
    ),
    port: otherwise(port('TCP port of sshd.'), byDefault(DEFAULTS.sshPort)),
    user: otherwise(text('User to log in as.'), byDefault('the user who runs api7-orch')),
    identity_file: otherwise(
      text('Private key; relative to the inventory file, `~` is your home directory.'),
      byDefault('your ssh agent and usual keys'),
    ),
    password: otherwise(
      taggedSecret('Password to log in with, by `!env` or `!file`.'),
      byDefault('prompted for with --ask-pass'),
    ),
    known_hosts: otherwise(
      text('File with the host keys that are trusted; relative to the inventory file, `~` expands.'),
      byDefault('~/.ssh/known_hosts'),
    ),
    jump: otherwise(
      text('Host to go through, `[user@]host[:port]`; several separated by commas, or `none`.', jumpCheck),
      byDefault('connect directly'),
    ),
    become: otherwise(
      choice('How to become root after login.', ['sudo', 'none']),
      byDefault('sudo, or none for the user root'),
    ),
    become_password: otherwise(
      taggedSecret('Password for sudo, by `!env` or `!file`.'),
      byDefault('prompted for with --ask-become-pass'),
    ),
    connect_timeout: otherwise(
      durationField('Time allowed for TCP connect, handshake and login.'),
      byDefault(DEFAULTS.connectTimeout),
    ),
  };
};

export const ssh = block(
  sshSettings('all hosts'),
  "How to reach the hosts; a host can override each setting. Missing settings come from OpenSSH's configuration.",
);

const host = block(
  {
    address: text('Address at which cluster members and load balancers reach the host.', addressCheck),
    ssh_address: otherwise(
      text('Address at which its sshd is reached from here, or its name in ~/.ssh/config.', sshAddressCheck),
      'address',
    ),
    zone: text('Failure zone; free text, shown and available to playbooks.').optional(),
    ...sshSettings('one host'),
    gateway: block(
      login,
      'A login of the gateway on this host alone, in place of that of its gateway group.',
    ).optional(),
    uid: otherwise(
      text('Instance id of the gateway on this host: that of a gateway which was adopted.', uuidCheck),
      'made of the names of cluster and host',
    ),
    vars: free('Variables of this host; they win over those of its groups.').optional(),
  },
  'A host that has sshd and Docker.',
);

export const hosts = named('Every host, by a name of your own.', NAME, NAME_RULE, host);

export const groups = named(
  'Sets of hosts. The playbooks use `control_plane`, `data_plane` and `load_balancer`; add your own freely.',
  NAME,
  NAME_RULE,
  z
    .preprocess(
      (value) => value ?? {},
      block(
        {
          hosts: list('Hosts in this group.', text('Name of a host.')).optional(),
          children: list('Groups whose hosts also belong to this group.', text('Name of a group.')).optional(),
          vars: free('Variables of every host in this group; a child group wins over its parent.').optional(),
        },
        'A set of hosts.',
      ),
    )
    .meta({ description: 'A set of hosts.' }),
);

export const vars = free('Variables of every host; the weakest: groups, hosts and `-e` win over them.');
