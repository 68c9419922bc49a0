#!/usr/bin/env node
import * as modules from 'node:module';
import { join } from 'node:path';
import { cacheDirectory } from '../local/cache-directory.ts';
import { hideNodeWarnings } from './node-warnings.ts';

if (!('enableCompileCache' in modules)) {
  console.error(`error NODE_TOO_OLD: this is Node ${process.versions.node}\n  hint: install Node 24, or 22.22`);
  process.exit(1);
}

hideNodeWarnings();

// Compiling takes a third of a short command's time. An unwritable cache is no error.
modules.enableCompileCache(join(cacheDirectory(), 'compiled'));

const { main } = await import('./program.ts');
await main();
