import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { describe, expect, it } from 'vitest';
import type { TapeEvent } from '../src/domain/catalogue.ts';
import { REACTORS } from '../src/domain/reactors.ts';
import { logDecisions, makeLogger } from '../src/logging.ts';
import { CROSS, PAPER, Scene } from './domain/given.ts';
import { TemporaryFolder } from './support/temporary-folder.ts';

const temporary = new TemporaryFolder();
const SECRET = 'a-secret-of-some-length';
let files = 0;

/** What is written by `work`. */
function written(work: (log: Logger) => void): string {
  const file = join(temporary.path, 'logs', `log-${++files}`);
  work(makeLogger('info', file));
  return readFileSync(file, 'utf8');
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
