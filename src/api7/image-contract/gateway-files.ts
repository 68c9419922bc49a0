import { TRIAL_STATUS_PORT } from './gateway-terms.ts';

/** A path of the trial itself, whose response takes some seconds. */
export const SLOW_PATH = '/api7_orch_slow';

/** The end of that response: with it the response is complete. */
export const SLOW_END = 'whole';

/** A directive that nginx does not have. */
export const NO_DIRECTIVE = 'api7_orch_no_such_directive';

/** 1000 bytes at 200 bytes a second. */
const SLOW = `location = ${SLOW_PATH} { default_type text/plain; limit_rate 200; return 200 "${'.'.repeat(1000)}${SLOW_END}"; }`;

const config = (snippet: string): string => `apisix:
  status:
    ip: 0.0.0.0
    port: ${TRIAL_STATUS_PORT}
nginx_config:
  worker_processes: 1
  worker_shutdown_timeout: 240s
  http_server_configuration_snippet: |
    ${snippet}
`;

/** Configurations of a gateway. None has a secret. */
export const GATEWAY_FILES = {
  right: config(SLOW),
  /** Invalid YAML. */
  broken: 'apisix: [\n',
  wrongSnippet: config(`${NO_DIRECTIVE} on;`),
} as const;
