import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { describe, expect, it } from 'vitest';
import { systemTime } from '../src/adapters/system-time.ts';
import type { TapeEvent } from '../src/domain/catalogue.ts';
import { REACTORS } from '../src/domain/reactors.ts';
import { logDecisions, makeLogger, openLogOutput, watchLog } from '../src/logging.ts';
import { makeMetrics } from '../src/metric-families.ts';
import { CROSS, PAPER, Scene } from './domain/given.ts';
import { figures } from './support/figures.ts';
import { TemporaryFolder } from './support/temporary-folder.ts';

const temporary = new TemporaryFolder();
const SECRET = 'a-secret-of-some-length';

/** What is written by `work`. */
function written(work: (log: Logger) => void): string {
  let text = '';
  work(
    makeLogger('info', {
      write: (line) => {
        text += line;
      },
    }),
  );
  return text;
}

/** Everything that is decided while one strategy buys. */
function aTrade() {
  const scene = new Scene(REACTORS);
  scene.settings({ strategies: [CROSS], accounts: [PAPER] });
  scene.begin();
  return [100, 90, 80, 95, 110, 120].flatMap((close) => {
    scene.now += 60_000;
    return scene.bar(String(close));
  });
}

describe('the log', () => {
  it('has one JSON line for each signal and for what became of its order, and none for the rest', () => {
    const decisions = aTrade();
    const lines = written((log) => logDecisions(log, decisions))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ msg }) => msg)).toEqual(['SignalGenerated', 'OrderApproved', 'OrderFilled']);
    const signal = decisions.find(({ type }) => type === 'SignalGenerated');
    expect(lines[0]).toMatchObject({
      level: 'info',
      event: signal?.id,
      occurredAt: signal?.metadata.occurredAt,
      data: { strategy: 'cross', side: 'buy' },
    });
    expect('traceparent' in lines[0]).toBe(false);
  });

  it('commands no terminal, and says the same to a program', () => {
    const reason = '\u001b[2J\u009b2J\u202e\u2028x';
    const line = written((log) => log.warn({ reason }, reason));
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).toMatchObject({ reason, msg: reason });
  });

  it('names the trace of the request that a decision was made on', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const traced = aTrade().map((event) => ({ ...event, metadata: { ...event.metadata, traceparent } }) as TapeEvent);
    const [line] = written((log) => logDecisions(log, traced)).split('\n');
    expect(JSON.parse(line as string)).toMatchObject({ msg: 'SignalGenerated', traceparent });
  });

  it.each<[string, object]>([
    ['an API key', { apiKey: { name: 'alice', key: SECRET } }],
    ['the keys of the configuration', { apiKeys: [{ name: 'alice', key: SECRET }] }],
    ['the configuration', { config: { port: 3000, apiKeys: [{ name: 'alice', key: SECRET }] } }],
    ['the headers of a request', { req: { headers: { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET } } }],
    ['headers by themselves', { headers: { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET } }],
  ])('does not show the secret in %s', (_what, fields) => {
    const text = written((log) => log.info(fields, 'something'));
    expect(text).toContain('something');
    expect(text).not.toContain(SECRET);
  });
});

describe('the output of the log', () => {
  it('is a file for nobody but the user, made with its folder, and goes on where it was', async () => {
    const file = join(temporary.path, 'logs', 'tapedeck.log');
    for (const text of ['first', 'second']) {
      const output = openLogOutput(systemTime, file);
      makeLogger('info', output).info(text);
      await output.flush(10_000);
    }
    expect(
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).msg),
    ).toEqual(['first', 'second']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('shows what was dropped and what waits as metrics', async () => {
    const output = openLogOutput(systemTime, '/dev/full');
    const metrics = makeMetrics();
    watchLog(metrics, output);
    const log = makeLogger('info', output);
    for (let index = 0; index < 40; index++) log.info({ text: 'x'.repeat(160_000) }, 'long');
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_log_dropped_total')).toBe(output.dropped);
    expect(output.dropped).toBeGreaterThan(10);
    expect(seen.get('tapedeck_queue_depth{queue="log"}')).toBeGreaterThan(3_200_000);
    expect(seen.get('tapedeck_queue_limit{queue="log"}')).toBe(4_194_304);
  });
});
