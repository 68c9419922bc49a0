#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// A third of what a short command takes is compiling the same code again. Where the cache cannot be written, that is all.
enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'api7-orch', 'compiled'));

const { main } = await import('./program.ts');
await main();
