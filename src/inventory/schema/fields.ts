import { z } from 'zod';
import { parseDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { Secret } from '../../core/base/secret.ts';
import { suggestion } from '../did-you-mean.ts';
import { placeholder } from '../placeholder.ts';
import { opened, Tagged } from '../tagged.ts';
import { isSecretSetting, longEnough } from './secret-value.ts';

/** The problem with a value, or undefined. Must not quote the value: it may be a secret. */
export type Check = (value: string) => string | undefined;

const checked = (check: Check) =>
  z
    .string()
    .min(1)
    .superRefine((value, context) => {
      const message = value === '' ? undefined : check(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });

const fine: Check = () => undefined;

/** Applies to every text but words of commands: those may contain templates of their own program. */
const filledIn =
  (check: Check): Check =>
  (value) =>
    placeholder(value) ?? check(value);

/** Text; `!env` and `!file` are resolved. */
export const text = (description: string, check: Check = fine) =>
  z.preprocess(opened, checked(filledIn(check))).meta({ description });

/** One word of a command. */
export const word = (description: string) => z.preprocess(opened, checked(fine)).meta({ description });

const secretCheck =
  (check: Check): Check =>
  (value) =>
    check(value) ?? longEnough(value);

/** Text that becomes a `Secret`, plain or by a tag. */
export const secret = (description: string, check: Check = fine) =>
  z.preprocess(opened, checked(secretCheck(filledIn(check))).transform(Secret.of)).meta({ description });

/** A `Secret` that must not be written in the file itself. */
export const taggedSecret = (description: string) =>
  z
    .preprocess(
      (value, context) => {
        if (value === null || value === undefined || value instanceof Tagged) return opened(value);
        context.addIssue({
          code: 'custom',
          message: 'a password does not belong in this file; write !env NAME or !file path',
        });
        return z.NEVER;
      },
      checked(secretCheck(placeholder)).transform(Secret.of),
    )
    .meta({ description });

/** A duration such as `10s`, as milliseconds; refuses values below `shortest`. */
export const durationField = (description: string, shortest?: string) =>
  z
    .preprocess(
      opened,
      checked(fine).transform((value, context) => {
        try {
          const ms = parseDuration(value);
          if (shortest !== undefined && ms < parseDuration(shortest))
            context.addIssue({ code: 'custom', message: `must be at least ${shortest}` });
          return ms;
        } catch (error) {
          if (!(error instanceof OrchError)) throw error;
          const message =
            error.code === 'DURATION_TOO_LONG'
              ? (error.hint ?? error.message)
              : 'not a duration; write for example 500ms, 10s, 2m';
          context.addIssue({ code: 'custom', message });
          return z.NEVER;
        }
      }),
    )
    .meta({ description });

export const integer = (description: string, min: number, max: number) =>
  z
    .preprocess(
      (value) => (value instanceof Tagged && /^\d+$/.test(value.text ?? '') ? Number(value.text) : opened(value)),
      z.int().min(min).max(max),
    )
    .meta({ description });

export const port = (description: string) => integer(description, 1, 65_535);

export const choice = <const Values extends readonly [string, ...string[]]>(description: string, values: Values) =>
  z.preprocess(opened, z.enum(values)).meta({ description });

export const list = <Item extends z.ZodType>(description: string, item: Item) =>
  z.array(item).min(1).meta({ description });

/** An optional field with its default in the description, for editors and docs. */
export const otherwise = <Field extends z.ZodType>(field: Field, byDefault: string | number | readonly string[]) =>
  field.optional().meta({ description: `${field.description} Default: ${shown(byDefault)}.` });

/** The same if the schema itself fills in the default, so that the value is always set. */
export const defaulted = <Value extends string | string[]>(field: z.ZodType<Value>, byDefault: NoInfer<Value>) =>
  // The compiler cannot see that a text is never undefined.
  field.default(() => byDefault as never).meta({ description: `${field.description} Default: ${shown(byDefault)}.` });

function shown(value: string | number | readonly string[]): string {
  if (typeof value === 'string' && value.includes(' ')) return value;
  return [value]
    .flat()
    .map((one) => `\`${one}\``)
    .join(', ');
}

/**
 * A block with known keys only; the message for unknown ones has one line per key, in the order of the issue. `refused`
 * explains expected keys that do not exist.
 */
export const block = <Shape extends z.ZodRawShape>(
  shape: Shape,
  description: string,
  refused: Readonly<Record<string, string>> = {},
) =>
  z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => unknownKey(key, Object.keys(shape), refused)).join('\n')
          : undefined,
    })
    .meta({ description });

const unknownKey = (key: string, known: readonly string[], refused: Readonly<Record<string, string>>): string =>
  (Object.hasOwn(refused, key) ? refused[key] : undefined) ?? `unknown key "${key}"${suggestion(key, known)}`;

/** A block keyed by the user's own names. */
export const named = <Value extends z.ZodType>(description: string, name: RegExp, rule: string, value: Value) =>
  z.record(z.string().regex(name, { error: rule }), value).meta({ description });

/**
 * Free content, such as variables. May be empty; tags inside are resolved, and are secrets if their names indicate it.
 */
export const free = (description: string) =>
  z
    .preprocess(
      (value) => value ?? {},
      z
        .record(z.string(), z.unknown())
        .transform((fields, context) =>
          openedFields(fields, [], (path, message) => context.addIssue({ code: 'custom', path: [...path], message })),
        ),
    )
    .meta({ description });

type FieldPath = readonly (string | number)[];
type Complain = (path: FieldPath, message: string) => void;

function openedFields(fields: Record<string, unknown>, path: FieldPath, complain: Complain): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, openedValue(value, [...path, key], complain)]),
  );
}

function openedValue(value: unknown, path: FieldPath, complain: Complain): unknown {
  if (value instanceof Tagged) return openedTag(value, path, complain);
  if (Array.isArray(value)) return value.map((item, index) => openedValue(item, [...path, index], complain));
  return value !== null && typeof value === 'object' ? openedFields({ ...value }, path, complain) : value;
}

function openedTag(tag: Tagged, path: FieldPath, complain: Complain): string | Secret {
  const { text = '' } = tag;
  const names = path.filter((key) => typeof key === 'string');
  if (!isSecretSetting(tag, names)) return text;
  // An unreadable one has been reported already.
  const problem = text === '' ? undefined : longEnough(text);
  if (problem !== undefined) complain(path, problem);
  return Secret.of(text);
}
