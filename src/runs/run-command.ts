import { typedLine } from '../core/base/argv.ts';
import type { RunRequest } from './run-record.ts';

/** The command of a run, as an operator would type it. @example commandOf(request) // "run install --limit gw-1" */
export const commandOf = ({ playbook, limit, vars, withheld, accepted }: RunRequest): string =>
  typedLine([
    'run',
    playbook,
    ...(limit === undefined ? [] : ['--limit', limit]),
    ...Object.entries(vars).flatMap(([name, value]) => ['-e', wordOf(name, value)]),
    ...withheld.flatMap((name) => ['-e', `${name}=…`]),
    ...accepted,
  ]);

const wordOf = (name: string, value: unknown): string =>
  typeof value === 'string' ? `${name}=${value}` : JSON.stringify({ [name]: value });
