/** What a terminal is given: nothing that others wrote commands it. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { COLOURED, PLAIN } from '../../../src/cli/terminal/palette.ts';
import { shownLine, shownText } from '../../../src/cli/terminal/print.ts';
import { table } from '../../../src/cli/terminal/table.ts';
import { requestHalt } from '../../../src/requests/requests.ts';
import { ROOT } from '../../support/child.ts';
import { unless } from '../../support/unless.ts';
import { givenTape } from '../given-tape.ts';

const SCRIPT = '/usr/bin/script';
/** Sets the title, colours, clears the screen, forges a line, and turns one. An older build took such a reason. */
const HOSTILE = '\u001b]0;pwned\u0007\u001b[31mRED\u001b[2J\r\nINJECTED\u009b2J\u202e';
const ESCAPED = '\\u001b]0;pwned\\u0007\\u001b[31mRED\\u001b[2J\\u000d\\u000aINJECTED\\u009b2J\\u202e';

describe('a line', () => {
  it('keeps the colours of a palette, and nothing else that commands', () => {
    for (const colour of Object.values(COLOURED)) expect(shownLine(colour('x'))).toBe(colour('x'));
    expect(shownLine(`${COLOURED.bad('x')}\u001b[4m\u001b[2J\ny`)).toBe(`${COLOURED.bad('x')}\\u001b[4m\\u001b[2J\\u000ay`);
    expect(shownText('one\ntwo\u001b')).toBe('one\ntwo\\u001b');
    expect(shownText('there is no file \u001b[31mx\u001b[39m')).toBe('there is no file \\u001b[31mx\\u001b[39m');
    expect(shownLine(PLAIN.bad('x'))).toBe('x');
  });

  it('of a table is one for each row, whatever a cell holds', () => {
    expect(table(['reason'], [[HOSTILE]])).toEqual(['reason', ESCAPED]);
  });
});

it('every command writes through here, and not by itself', () => {
  const files = readdirSync(join(ROOT, 'src', 'cli'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const writing = files.filter((file) =>
    /\b(stdout|stderr|terminal)\.write\(|console\./.test(readFileSync(join(ROOT, 'src', 'cli', file), 'utf8')),
  );
  expect(writing.sort()).toEqual(['terminal/print.ts', 'terminal/progress-line.ts', 'terminal/screen.ts']);
});

const tape = givenTape();

describe('on a terminal', unless(existsSync(SCRIPT), `${SCRIPT} is not installed`), () => {
  it('a reason of an older build is shown escaped, by each command that shows it', { timeout: 60_000 }, async () => {
    const folder = tape.copy();
    const events = await openSqliteEventStore(join(folder, 'tape.sqlite'), systemTime);
    const write = { store: events, clock: systemTime, actor: 'cli:old', codeVersion: 'old' };
    const halt = { mode: 'stop', cancelOpen: false, flatten: false, atLastPrice: false, reason: HOSTILE } as const;
    const { requestId } = await requestHalt(write, { scope: { account: 'paper-binance' }, ...halt }, 'old');
    await events.close();
    const system = await tape.system(folder);
    system.process.kill('SIGTERM');
    await system.ended;
    for (const args of ['status', `events --correlation ${requestId}`, `events --json --correlation ${requestId}`]) {
      const env = { ...process.env, ...tape.environment, TAPEDECK_DATA: folder, TERM: 'xterm', FORCE_COLOR: '1' };
      const command = `"${process.execPath}" src/main.ts ${args}`;
      const { stdout } = spawnSync(SCRIPT, ['-qec', command, '/dev/null'], { cwd: ROOT, encoding: 'utf8', env });
      expect(stdout, args).toContain('INJECTED');
      for (const raw of ['\u0007', '\u009b', '\u202e', '\u001b]', '\u001b[2J', '\nINJECTED'])
        expect(stdout, args).not.toContain(raw);
      expect(stripVTControlCharacters(stdout), args).toContain('[31mRED');
    }
  });
});
