/** Ends its work, and is held up by a write that never ends: `node hung-run.ts PIPE`, where nobody reads the pipe. */

import { openSync } from 'node:fs';
import { systemTime } from '../../src/adapters/system-time.ts';
import { BoundedOutput, finishAtExit } from '../../src/bounded-output.ts';
import { endForSure } from '../../src/cli/stop-signal.ts';
import { quickened } from '../support/test-time.ts';

const [pipe = '', how] = process.argv.slice(2);
const time = quickened(systemTime, 20);
// Who writes to it waits, in a thread that Node waits for.
const output = new BoundedOutput(openSync(pipe, 'r+'), time, { gap: String });
finishAtExit(output);
for (let kibibytes = 0; kibibytes < 100; kibibytes++) output.write('\n'.repeat(1_024));
process.stdout.write('done');
if (how === 'exit') time.after(10_000, () => process.exit(0));
else endForSure(time);
