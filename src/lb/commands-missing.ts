import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';

const SCRIPT = `PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
for command in "$@"; do command -v -- "$command" >/dev/null || printf '%s\n' "$command"; done`;

/**
 * The programs that the balancer's host lacks, as an error that names them; undefined: none is missing.
 *
 * @param field The inventory setting that names them.
 */
export async function commandsMissing(
  host: Reader,
  commands: readonly (readonly string[])[],
  { name, field }: { readonly name: string; readonly field: string },
): Promise<OrchError | undefined> {
  const programs = [...new Set(commands.flatMap(([program]) => program ?? []))];
  const { stdout } = await host.test({ argv: ['sh', '-c', SCRIPT, 'sh', ...programs] }, { timeoutMs: 30_000 });
  const said = new Set(stdout.split('\n'));
  const missing = programs.filter((program) => said.has(program));
  if (missing.length === 0) return undefined;
  return new OrchError('LB_COMMAND_MISSING', `${name}: ${missing.join(', ')}: no such command on ${host.name}`, {
    host: host.name,
    hint: `install it there, or correct ${field} in the inventory`,
  });
}
