import { z } from 'zod';
import { typedLine } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import { redactData } from '../../core/base/redact.ts';
import type { Plays } from '../../core/play/play.ts';
import type { Playbook } from '../../core/play/playbook.ts';
import { suggestion } from '../../inventory/did-you-mean.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { namesSecret } from '../../inventory/schema/secret-value.ts';
import { type RunRequest, recordedValue } from '../../runs/run-record.ts';

type Values = Readonly<Record<string, unknown>>;

export interface ReadyPlaybook {
  /** Makes new plays of it. */
  plays(): Plays;
  /** The command that resumes the run: the same one, with values that were determined at its start. */
  goOn(words: readonly string[]): string;
  /** Its variables for the run's record. Values for the inventory may be secrets: only their names are recorded. */
  readonly recorded: Pick<RunRequest, 'vars' | 'withheld'>;
  /** Whether the playbook declares this variable. */
  declares(name: string): boolean;
}

/**
 * Checks a playbook's variables. Undeclared ones belong to the inventory, unless the playbook allows no others
 * (`z.strictObject`): then a mistyped name is refused.
 *
 * @throws OrchError EXTRA_VARS
 */
export function playsOf(playbook: Playbook<never, Inventory>, inventory: Inventory, given: Values): ReadyPlaybook {
  const schema: z.ZodType = playbook.vars ?? z.object({});
  const vars = valuesOf(playbook.name, schema, given);
  return {
    recorded: recordedOf(vars, given),
    declares: (name) => Object.hasOwn(vars, name),
    // zod has just checked it against the playbook's own schema.
    plays: () => playbook.plays({ vars: vars as never, inventory }),
    goOn: (words) => {
      // A default that changes with time belongs to this run: its start time.
      const later = valuesOf(playbook.name, schema, given);
      const found = Object.keys(vars).filter((key) => typeof vars[key] === 'string' && vars[key] !== later[key]);
      const more = found.flatMap((key) => ['-e', `${key}=${vars[key]}`]);
      return typedLine(['api7-orch', ...shown(words, new Set(Object.keys(vars))), ...more]);
    },
  };
}

/** The given values: a schema's output need not be valid input. */
function recordedOf(vars: Values, given: Values): Pick<RunRequest, 'vars' | 'withheld'> {
  const values = Object.entries(vars).map(
    ([key, value]) => [key, Object.hasOwn(given, key) ? given[key] : value] as const,
  );
  const kept = values.flatMap(([key, value]) => {
    const { success, data } = recordedValue.safeParse(value);
    return success && !namesSecret(key) && isPlain(data) ? [[key, data] as const] : [];
  });
  const names = new Set(kept.map(([key]) => key));
  return { vars: Object.fromEntries(kept), withheld: Object.keys(given).filter((key) => !names.has(key)) };
}

/** It contains no known secret. */
const isPlain = (value: unknown): boolean => JSON.stringify(redactData(value)) === JSON.stringify(value);

function valuesOf(name: string, schema: z.ZodType, given: Values): Values {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data as Values;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const issues = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `it has no variable "${key}"${suggestion(key, known)}`)
      : [`${issue.path.join('.')}: ${issue.message}`],
  );
  throw new OrchError('EXTRA_VARS', `playbook "${name}": ${issues.join('; ')}`, { hint: 'set them with -e key=value' });
}

/** Values for the inventory may be secrets: they are not repeated. */
function shown(words: readonly string[], declared: ReadonlySet<string>): readonly string[] {
  return words.map((word, i) => {
    const before = words[i - 1];
    // The value may be a separate word, or the rest of the flag's word.
    const flag = before === '-e' || before === '--extra-vars' ? '' : /^(?:--extra-vars=|-e)(?=.)/.exec(word)?.[0];
    if (flag === undefined) return word;
    const value = word.slice(flag.length);
    const key = value.split('=', 1)[0] ?? '';
    if (declared.has(key)) return word;
    return `${flag}${value.startsWith('{') ? '…' : `${key}=…`}`;
  });
}
