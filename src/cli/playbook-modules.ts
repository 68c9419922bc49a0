import { registerHooks } from 'node:module';
import { extname } from 'node:path';

const self = extname(import.meta.url);

/** Import names of this package in a playbook and its files. */
const OWN: Readonly<Record<string, string>> = {
  'api7-orch': new URL(`../index${self}`, import.meta.url).href,
  'api7-orch/testing': new URL(`../testing/index${self}`, import.meta.url).href,
};

/**
 * Imports a playbook. `import … from 'api7-orch'` in it resolves to this very program. A `.ts` file counts as a module
 * regardless of the package.json above it, which `npm init` may have written for another project.
 */
export async function importPlaybook(url: string): Promise<unknown> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const own = OWN[specifier];
      return own === undefined ? next(specifier, context) : { url: own, shortCircuit: true };
    },
    load: (file, context, next) =>
      next(file, /^file:.*\.ts$/.test(file) ? { ...context, format: 'module-typescript' } : context),
  });
  try {
    return await import(url);
  } finally {
    hooks.deregister();
  }
}
