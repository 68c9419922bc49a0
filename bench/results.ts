import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { ansibleVersions } from './ansible.ts';
import { isMet } from './measure.ts';
import { type CaseResult, markdown } from './report.ts';

const root = resolve(import.meta.dirname, '..');
const committed = join(root, 'bench/results');
const page = join(root, 'docs/performance.md');
const BEGIN = '<!-- figures: written by npm run bench -- --save -->';
const END = '<!-- end of figures -->';

interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface SavedResult extends CaseResult {
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
}

function machine(): Machine {
  const openssh = spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr?.trim() ?? 'none';
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    versions: { node: process.version, openssh, ...ansibleVersions() },
  };
}

/** Stores a case with all its samples. Quick results go to the cache; of the others only the latest stays. */
export function keepResult(
  result: CaseResult,
  { quick, save }: { readonly quick: boolean; readonly save: boolean },
): string {
  const directory = save ? committed : join(root, '.cache/bench/results');
  mkdirSync(directory, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  for (const file of readdirSync(directory))
    if (file.slice('2026-01-01-'.length) === `${result.name}.json`) rmSync(join(directory, file));
  const path = join(directory, `${date}-${result.name}.json`);
  const verdicts = result.verdicts.map((verdict) => ({ ...verdict, met: isMet(verdict) }));
  const saved: SavedResult = { date, quick, ...result, verdicts, machine: machine() };
  writeFileSync(path, `${JSON.stringify(saved, null, 2)}\n`);
  return path;
}

/** Writes the tables of all committed results to docs/performance.md, in the order of the cases. */
export function writePage(order: readonly string[]): void {
  const results = readdirSync(committed)
    .filter((file) => file.endsWith('.json'))
    .map((file): SavedResult => JSON.parse(readFileSync(join(committed, file), 'utf8')))
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has lost its marks`);
  const figures = results.map((result) => `${markdown(result)}\n\nMeasured ${result.date} on ${told(result.machine)}.`);
  writeFileSync(page, `${before}${BEGIN}\n\n${figures.join('\n\n')}\n\n${END}${after}`);
}

const told = ({ cores, cpu, memoryGb, kernel, versions }: Machine): string =>
  `${cores} cores (${cpu}), ${memoryGb} GB, Linux ${kernel}; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version.replace(new RegExp(`^${name}[ _]?`, 'i'), '')}`)
    .join(', ')}`;
