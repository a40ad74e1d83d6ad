#!/usr/bin/env node
/** Begins a command. Only modules that are imported after the compile cache is enabled come from it. */

import { keepCompiled } from './cli/compile-cache.ts';

// What it makes tells of positions and orders: nobody else may read it.
process.umask(0o077);
keepCompiled(process.env);
const { runProgram } = await import('./cli/program.ts');
await runProgram(process.argv.slice(2));
