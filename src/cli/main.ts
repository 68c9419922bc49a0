#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

// A third of what a short command takes is compiling the same code again. Where the cache cannot be written, that is all.
const given = process.env.XDG_CACHE_HOME;
const cache = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.cache');
enableCompileCache(join(cache, 'api7-orch', 'compiled'));

const { main } = await import('./program.ts');
await main();
