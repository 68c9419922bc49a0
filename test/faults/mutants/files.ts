import { createVitest, type TestModule } from 'vitest/node';
import { mutated } from './apply.ts';
import type { Mutant } from './mutant.ts';
import type { Verdict } from './mutants.ts';

/** Plays test files, with a mutant or without any. One after another: there is one source for all. */
export interface FilePlayer extends AsyncDisposable {
  play(files: readonly string[], mutant?: Mutant): Promise<Verdict>;
}

/** One vitest for all mutants, because each start of it costs seconds. A plugin replaces the text as vite reads the file. */
export async function filePlayer(root: string): Promise<FilePlayer> {
  let current: Mutant | undefined;
  let isApplied = false;
  let ended: TestModule[] = [];
  const start = async () =>
    await createVitest(
      'test',
      {
        root,
        config: false,
        watch: false,
        // Its own result names the modules of earlier runs, too.
        reporters: [{ onTestModuleEnd: (module) => void ended.push(module) }],
        silent: true,
        include: ['test/**/*.test.ts'],
        setupFiles: 'test/support/vitest/remove-directories.ts',
        alias: { 'api7-orch/testing': `${root}/src/testing/index.ts`, 'api7-orch': `${root}/src/index.ts` },
        // Some mutants make a test wait without an end. Without one the longest takes less than a second.
        testTimeout: 5000,
        bail: 1,
        // With two at once the second one runs although the first has noticed the mutant.
        maxWorkers: 1,
        pool: 'threads',
        // A cached module would not have the mutant in it.
        isolate: true,
        fsModuleCache: false,
      },
      {
        plugins: [
          {
            name: 'mutant',
            enforce: 'pre',
            transform(code, id) {
              if (current === undefined || id.split('?')[0] !== `${root}/${current.file}`) return null;
              const source = mutated(code, current);
              isApplied = true;
              return { code: source, map: null };
            },
          },
        ],
      },
    );

  let vitest = await start();
  const playOnce = async (files: readonly string[], mutant?: Mutant): Promise<Verdict> => {
    const specs = await vitest.globTestSpecifications([...files]);
    if (specs.length !== files.length) return { kind: 'broken', why: `not every file exists: ${files.join(', ')}` };
    current = mutant;
    isApplied = false;
    ended = [];
    if (mutant !== undefined) vitest.invalidateFile(`${root}/${mutant.file}`);
    try {
      const { unhandledErrors } = await vitest.runTestSpecifications(specs, false);
      return verdictOf(ended, unhandledErrors, mutant === undefined || isApplied);
    } finally {
      current = undefined;
      if (mutant !== undefined) vitest.invalidateFile(`${root}/${mutant.file}`);
    }
  };

  return {
    async play(files, mutant) {
      const verdict = await playOnce(files, mutant);
      if (verdict.kind === 'broken') {
        // It keeps load errors, and shows them to the next test that loads the file.
        await vitest.close();
        vitest = await start();
      }
      return verdict;
    },
    [Symbol.asyncDispose]: () => vitest.close(),
  };
}

interface Thrown {
  readonly name?: string;
  readonly cause?: unknown;
}

/** Whether the code of the mutant ran into a name that is not defined; a property reports that as a cause. */
const namesNothing = ({ name, cause }: Thrown): boolean =>
  name === 'ReferenceError' || (typeof cause === 'object' && cause !== null && namesNothing(cause));

function verdictOf(modules: readonly TestModule[], unhandled: readonly unknown[], isApplied: boolean): Verdict {
  // A file that cannot be loaded is no test that noticed something.
  const [unloadable] = modules.flatMap((module) => module.errors());
  if (unloadable !== undefined) return { kind: 'broken', why: unloadable.message };
  if (!isApplied) return { kind: 'broken', why: 'the tests do not load the file of the mutant' };
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const failed = tests.find((one) => one.result().state === 'failed');
  const [unknown] = (failed?.result().errors ?? []).filter(namesNothing);
  if (unknown !== undefined) return { kind: 'broken', why: unknown.message };
  if (failed !== undefined) return { kind: 'noticed', by: failed.fullName };
  if (unhandled.length > 0) return { kind: 'noticed', by: String(unhandled[0]) };
  return { kind: 'unnoticed', passed: tests.filter((one) => one.result().state === 'passed').length };
}
