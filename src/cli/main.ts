#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cacheDirectory } from '../engine/cache-directory.ts';

// A third of what a short command takes is compiling the same code again. Where the cache cannot be written, that is all.
enableCompileCache(join(cacheDirectory(), 'compiled'));

const { main } = await import('./program.ts');
await main();
