#!/usr/bin/env node
/** Where a command begins: what is imported after the compile cache is enabled comes from it. */

import { keepCompiled } from './cli/compile-cache.ts';

keepCompiled(process.env);
const { runProgram } = await import('./cli/program.ts');
await runProgram(process.argv.slice(2));
