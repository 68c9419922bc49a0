/** Why a running container cannot be adopted: what is so, and what the operator does about it. `docs/adopting.md` explains each. */
export const REFUSAL_CODES = [
  'ANONYMOUS_VOLUME',
  'APISIX_ID',
  'AUTO_REMOVE',
  'COMMAND',
  'COMPOSE',
  'CONFIG_DIFFERS',
  'CONFIG_EDITED',
  'CONFIG_UNREADABLE',
  'DUPLICATE_UID',
  'GROUP',
  'HOSTS_DIFFER',
  'HOST_NETWORK',
  'IMAGE_MOVED',
  'MOUNT',
  'NAME',
  'NETWORK',
  'NOT_RUNNING',
  'PORTS',
  'PRIVILEGED',
  'SETTING',
  'SYSTEMD',
  'TWO_CONTAINERS',
  'UID',
  'USERNS',
  'VERSION',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  readonly code: RefusalCode;
  /** `CONTAINER: what is so`. Holds words of the host. */
  readonly message: string;
  /** An exact command or setting. */
  readonly hint: string;
}

export const refusal = (code: RefusalCode, message: string, hint: string): Refusal => ({ code, message, hint });
