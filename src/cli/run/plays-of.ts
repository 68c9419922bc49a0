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
  /** Its plays, made anew. */
  plays(): Plays;
  /** The command that goes on where this run ends early: the same one, with what was found out only when it began. */
  goOn(words: readonly string[]): string;
  /** Its variables as the record of the run has them. Values for the inventory may be secrets: only their names are recorded. */
  readonly recorded: Pick<RunRequest, 'vars' | 'withheld'>;
  /** Variables of the playbook among these. */
  declares(name: string): boolean;
}

/**
 * A playbook with its variables, checked. What it does not declare belongs to the inventory, unless it says that it has no
 * others (`z.strictObject`): then a word mistyped is refused, and not passed over.
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
      // A default that is another one by now was this run's own: the time at which it began.
      const later = valuesOf(playbook.name, schema, given);
      const found = Object.keys(vars).filter((key) => typeof vars[key] === 'string' && vars[key] !== later[key]);
      const more = found.flatMap((key) => ['-e', `${key}=${vars[key]}`]);
      return typedLine(['api7-orch', ...shown(words, new Set(Object.keys(vars))), ...more]);
    },
  };
}

/** As they were given: what a schema has made of a value need not be what it takes. */
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

/** No known secret is in it. */
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
    // The value may be a word of its own, or the rest of the flag's.
    const flag = before === '-e' || before === '--extra-vars' ? '' : /^(?:--extra-vars=|-e)(?=.)/.exec(word)?.[0];
    if (flag === undefined) return word;
    const value = word.slice(flag.length);
    const key = value.split('=', 1)[0] ?? '';
    if (declared.has(key)) return word;
    return `${flag}${value.startsWith('{') ? '…' : `${key}=…`}`;
  });
}
