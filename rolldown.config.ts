import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'rolldown';

const playbooks = readdirSync('playbooks').map((file) => basename(file, '.ts'));

/**
 * A few files instead of 320: to find and read each costs a start of the program more than what stands in it. What others
 * wrote stays where it is, and a playbook imports 'api7-orch' from whatever program runs it.
 */
export default defineConfig({
  input: {
    'src/cli/main': 'src/cli/main.ts',
    'src/index': 'src/index.ts',
    'src/testing/index': 'src/testing/index.ts',
    ...Object.fromEntries(playbooks.map((name) => [`playbooks/${name}`, `playbooks/${name}.ts`])),
  },
  platform: 'node',
  logLevel: 'warn',
  // The oldest Node that package.json names. It knows no `using`, which becomes a helper's work.
  transform: { target: 'node22' },
  external: /^(?!@oxc-project\/runtime\/)[a-z@]/,
  output: {
    dir: 'dist',
    cleanDir: true,
    entryFileNames: '[name].js',
    // Beside main: what is looked for relative to a source file is then found from its part of the build, too.
    chunkFileNames: 'src/cli/[name]-[hash].js',
  },
});
