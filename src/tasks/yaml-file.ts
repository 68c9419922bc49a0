import { dump, load, YAMLException } from 'js-yaml';
import { z } from 'zod';
import { redact } from '../core/base/redact.ts';
import type { Reader } from '../core/host/connection.ts';
import type { Change, Patch } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import { absolutePath, account, octalMode } from './file/fields.ts';
import { contentOf, type FileSpec, type FileState, ofFile } from './file/file-state.ts';
import { observedText } from './file/observed-text.ts';
import { maskObserved } from './yaml-file/mask-observed.ts';
import { hasSecret, masked, type PlainYaml, toPlainYaml, type YamlValue, yamlValue } from './yaml-file/yaml-value.ts';

const HEADER = '# Written by api7-orch; changes by hand are undone by the next run.\n';

// Long lines stay whole: some YAML 1.1 readers read folded texts differently.
const yamlText = (value: PlainYaml): string => HEADER + dump(value, { lineWidth: -1, noRefs: true });

/** A file's content as plain data. Inventory values have no type, so each value is checked. */
export const yamlContent = yamlValue.transform((value) => ({
  ...contentOf(yamlText(toPlainYaml(value, (secret) => secret.reveal())), hasSecret(value)),
  value: () => value,
}));

const params = z.strictObject({
  path: absolutePath,
  content: yamlContent,
  /**
   * Other contents that count as up to date, such as those of a release that did not write a default yet. A file with
   * one of them stays unchanged; a file with any other difference gets `content`.
   */
  accepts: z.array(yamlContent).readonly().default([]),
  mode: octalMode.default('0640'),
  owner: account.default('root'),
  group: account.default('root'),
});

/**
 * A YAML file made of plain data, keys in the given order. Any text in it may be a `Secret`: the file then contains its
 * value, while differences show `***`.
 *
 * @throws OrchError PATH_TAKEN when a directory, a link or something else is at the path
 * @example yield yamlFile({ path: '/opt/api7/dp-manager-config.yaml', content: { database: { dsn } } });
 */
export const yamlFile = defineTask<typeof params, void, FileState, void>({
  kind: 'yamlFile',
  params,
  ...ofFile,
  show: (p, change, host) => patch(p, p.content.value(), change, host),
});

async function patch(
  spec: FileSpec,
  value: YamlValue,
  { before, after: wanted }: Change<FileState>,
  host: Reader,
): Promise<Patch> {
  if (before?.digest === wanted?.digest) return { before: '', after: '' };
  const observed = before === null ? null : await observedText(spec.path, host);
  const after = redact(yamlText(masked(value)));
  if (observed === null) return { before: '', after };
  return { before: 'text' in observed ? redact(shownText(observed.text, value)) : observed.unshown, after };
}

/** Comments are not printed: they may contain former values. */
function shownText(text: string, wanted: YamlValue): string {
  try {
    const shown = yamlText(maskObserved(load(text), wanted));
    return text.startsWith(HEADER) ? shown : shown.slice(HEADER.length);
  } catch (error) {
    if (error instanceof YAMLException) return '(not shown: not one YAML document)\n';
    throw error;
  }
}
