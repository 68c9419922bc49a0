import type { Automation, Facts, HostNetwork } from '../core/host/connection.ts';
import type { PostgresView } from '../core/host/postgres.ts';

/** A fake host's default replies: everything is in order. */
export const SOUND = {
  facts: {
    os: 'Fake',
    kernel: '6.1.0',
    arch: 'x86_64',
    uid: 0,
    clockSkewMs: 0,
    nofile: 1_048_576,
    hasFlock: true,
    machine: null,
  },
  network: { addresses: [], bindsAny: true, listening: [] },
  automation: { prunes: [], upgrades: [], managers: [] },
  postgres: { version: 150_004, maxConnections: 500, reserved: 3, usedByOthers: 0, standby: false },
} satisfies {
  readonly facts: Facts;
  readonly network: HostNetwork;
  readonly automation: Automation;
  readonly postgres: PostgresView;
};

/** A healthy server with the given differences. */
export const postgresView = (said: Partial<PostgresView> | null | undefined): PostgresView | null =>
  said === null ? null : { ...SOUND.postgres, ...said };
