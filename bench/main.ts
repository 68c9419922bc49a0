import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installed } from '../test/support/base/installed.ts';
import { check } from './cases/check.ts';
import { exec } from './cases/exec.ts';
import { install } from './cases/install.ts';
import { memory } from './cases/memory.ts';
import { roundTrips } from './cases/round-trips.ts';
import { startUp } from './cases/start-up.ts';
import { tasks } from './cases/tasks.ts';
import { upload } from './cases/upload.ts';
import { killCommands } from './command.ts';
import type { Bench, Case } from './context.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { isMet } from './measure.ts';
import { type CaseResult, markdown } from './report.ts';
import { keepResult, writePage } from './results.ts';

const cases: readonly Case[] = [tasks, exec, check, install, upload, roundTrips, memory, startUp];
const names = cases.map(({ name }) => name);
const root = resolve(import.meta.dirname, '..');

const usage = `usage: npm run bench -- [CASE…] [--quick] [--save] [--dist DIRECTORY]
  CASE              one or more of: ${names.join(' ')}; default: all
  --quick           few runs of each: enough for a first impression
  --save            keep the results in bench/results and write docs/performance.md
  --dist DIRECTORY  measure this build; default: build into dist and measure that`;

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    dist: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const undo: (() => void | Promise<void>)[] = [];
let cleaning: Promise<void> | undefined;

/** Removes everything that was created. Once: an interrupt may come meanwhile. */
function cleanUp(): Promise<void> {
  cleaning ??= (async () => {
    killCommands();
    for (const step of undo.toReversed()) {
      try {
        await step();
      } catch (error) {
        console.error(error);
      }
    }
  })();
  return cleaning;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.on(signal, () => void cleanUp().then(() => process.exit(code)));

const unknown = positionals.filter((name) => !names.includes(name));
if (values.help || unknown.length > 0) {
  console.error(unknown.length > 0 ? `there is no case ${unknown.join(', ')}\n${usage}` : usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  try {
    process.exitCode = await measure(
      cases.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    );
  } catch (error) {
    if (cleaning === undefined) console.error(error);
    process.exitCode = 1;
  } finally {
    await cleanUp();
  }
}

async function measure(chosen: readonly Case[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the bench makes a user and an sshd of its own: run it as root');
  installed('/usr/bin/time', 'time');
  installed('/usr/bin/ssh', 'openssh-client');
  if (chosen.some(({ name }) => ['install', 'round-trips'].includes(name)))
    must(process.execPath, [join(root, 'scripts/setup.mjs')]);
  const dist = values.dist ?? join(root, 'dist');
  if (values.dist === undefined) must('npm', ['run', '-s', 'build']);
  const bench = benchFor(resolve(dist));
  let missed = 0;
  for (const each of chosen) {
    bench.note(`— ${each.name}`);
    const result: CaseResult = { name: each.name, title: each.title, ...(await each.run(bench)) };
    const file = keepResult(result, { quick: values.quick, save: values.save });
    console.log(`\n${markdown(result)}\n\n(${file})\n`);
    missed += result.verdicts.filter((verdict) => !isMet(verdict)).length;
  }
  if (values.save) writePage(names);
  return missed === 0 ? 0 : 1;
}

function must(program: string, args: readonly string[]): void {
  const { status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
}

function benchFor(dist: string): Bench {
  const main = join(dist, 'src/cli/main.js');
  if (!existsSync(main)) throw new Error(`${main} is not there`);
  const work = mkdtempSync(join(tmpdir(), 'api7-orch-bench-'));
  undo.push(() => rmSync(work, { recursive: true, force: true }));
  // Beside node_modules, for ssh2; stripped, because the floor must not pay for reading TypeScript.
  const floors = join(root, '.cache/bench/floor');
  mkdirSync(floors, { recursive: true });
  const sources = join(import.meta.dirname, 'floor');
  for (const file of readdirSync(sources))
    writeFileSync(
      join(floors, file.replace(/\.ts$/, '.mjs')),
      stripTypeScriptTypes(readFileSync(join(sources, file), 'utf8')),
    );
  let fleet: Promise<Fleet> | undefined;
  return {
    quick: values.quick,
    rounds: (full, quick) => (values.quick ? quick : full),
    fleet: () => {
      fleet ??= startFleet().then((made) => {
        undo.push(async () => made[Symbol.asyncDispose]());
        return made;
      });
      return fleet;
    },
    orch: [process.execPath, main],
    floor: (name) => [process.execPath, join(floors, `${name}.mjs`)],
    work,
    undo: (step) => void undo.push(step),
    note: (line) => console.error(`bench: ${line}`),
  };
}
