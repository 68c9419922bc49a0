import { Secret } from '../../core/base/secret.ts';
import { mayBeSecret } from '../../inventory/schema/secret-value.ts';
import type { YamlValue } from '../../tasks/yaml-file/yaml-value.ts';
import type { UserSettings } from '../running/running-service.ts';
import { sizeText } from '../size-text.ts';

/** A block of the inventory, with secrets in the places of files. */
export type Block = { readonly [key: string]: YamlValue | undefined };

/** A text, as a secret if it may be one. */
export const guarded = (name: string, text: string): string | Secret =>
  mayBeSecret(name, text) ? Secret.of(text) : text;

/** Labels of the tool that made a container: they do not hold for a new one. */
const isMakers = (label: string): boolean => /^(?:com\.docker\.|desktop\.docker\.io\/|api7-orch\.)/.test(label);

const none = <T extends object>(value: T): T | undefined => (Object.keys(value).length === 0 ? undefined : value);

/** Settings of a container as the inventory has them; `own`: variables that it has another place for. */
export function containerBlock(settings: UserSettings, own: readonly string[]): Block {
  const { env, mounts, memory, cpus, log, labels, extraHosts, dns } = settings;
  const variables = Object.entries(env).filter(([name]) => !own.includes(name));
  const kept = Object.entries(labels).filter(([label]) => !isMakers(label));
  const { 'max-size': size, 'max-file': files } = log.options;
  return {
    env: none(Object.fromEntries(variables.map(([name, value]) => [name, guarded(name, value.reveal())]))),
    mounts: none(
      mounts.map(({ source, target, readOnly }) => ({ source, target, ...(readOnly ? {} : { read_only: false }) })),
    ),
    memory: memory === undefined ? undefined : sizeText(memory),
    cpus,
    log: size === undefined || files === undefined ? undefined : { max_size: size, max_file: Number(files) },
    labels: none(Object.fromEntries(kept.map(([label, value]) => [label, guarded(label, value)]))),
    extra_hosts: none(extraHosts),
    dns: none(dns),
  };
}

/** Undefined for a block without fields. */
export function filled(block: Block): Block | undefined {
  const fields = Object.entries(block).filter(([, value]) => value !== undefined && !isEmpty(value));
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

const isEmpty = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;
