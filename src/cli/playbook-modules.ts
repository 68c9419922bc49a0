import { registerHooks } from 'node:module';
import { extname } from 'node:path';

const self = extname(import.meta.url);

/** Names under which a playbook, or a file that it imports, gets this program. */
const OWN: Readonly<Record<string, string>> = {
  'api7-orch': new URL(`../index${self}`, import.meta.url).href,
  'api7-orch/testing': new URL(`../testing/index${self}`, import.meta.url).href,
};

/**
 * Imports a playbook: `import … from 'api7-orch'` in it means this very program, and a `.ts` file is a module whatever the
 * package.json above it says, which `npm init` may have written for something else.
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
