import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEventStoreDbAddress } from '../../../src/adapters/eventstoredb/address.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import { recovered } from '../../contracts/tape-events.ts';
import { endChildrenAfterwards, tapedeck } from '../../support/child.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { givenServer, givenStore, givenWire, LONG_TIMEOUTS } from './given-server.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();

const TLS = join(import.meta.dirname, '..', '..', 'servers', 'event-store', 'tls');
const certificate = join(TLS, 'certificate.pem');
const SECRET = 'hunter2-hunter2';

describe('an address of EventStoreDB', () => {
  test('names hosts, user and password, and what else the client needs', () => {
    const address = 'esdb://ops:p%40ss%3A%2F@node-1:2114,node-2?tls=false&nodePreference=leader&keepAliveInterval=20000';
    expect(parseEventStoreDbAddress(address)).toEqual({
      endpoints: [
        { address: 'node-1', port: 2114 },
        { address: 'node-2', port: 2113 },
      ],
      isDiscovered: false,
      hasTls: false,
      rootCertificate: undefined,
      userCertificate: undefined,
      userKey: undefined,
      credentials: { username: 'ops', password: 'p@ss:/' },
      times: { keepAliveInterval: 20_000 },
    });
    expect(parseEventStoreDbAddress('esdb+discover://cluster.example:2113/')).toMatchObject({ isDiscovered: true, hasTls: true });
  });

  test.each([
    [`esdb:ops:${SECRET}@host`, 'not of the form'],
    [`esdb://ops:${SECRET}@`, 'not of the form'],
    [`esdb://ops:${SECRET}@host:port`, 'come hosts'],
    [`esdb://ops:${SECRET}@host:99999`, 'come hosts'],
    [`esdb://${SECRET}@host`, 'come user and password'],
    [`esdb://ops:${SECRET}%zz@host`, 'write "%25"'],
    [`esdb://ops:${SECRET}/with-a-slash@host`, 'not of the form'],
    [`esdb://ops:${SECRET}@host?tsl=false`, 'come options, joined by "&", of tls, tlsCAFile'],
    [`esdb://ops:${SECRET}@host?tls=no`, '"tls" must be true or false'],
    [`esdb://ops:${SECRET}@host?tlsVerifyCert=false`, 'come options'],
    [`esdb://ops:${SECRET}@host?nodePreference=follower`, '"nodePreference" must be leader'],
    [`esdb://ops:${SECRET}@host?keepAliveInterval=soon`, '"keepAliveInterval" is no whole number'],
    [`esdb://ops:${SECRET}@host?tlsCAFile=/no/such/file`, '"tlsCAFile" cannot be read (ENOENT)'],
    [`esdb://ops:${SECRET}@host?tlsCAFile=/certs/50%off.pem`, '"tlsCAFile" holds a "%"'],
    [`esdb://ops:${SECRET}@host?userCertFile=${certificate}`, 'go together'],
    [`esdb+discover://ops:${SECRET}@one,two`, 'takes one name'],
  ])('that cannot be used is refused without its password: %s', (address, reason) => {
    const refusal = ((): unknown => {
      try {
        return parseEventStoreDbAddress(address);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(StoreError);
    expect((refusal as Error).message).toContain(reason);
    expect((refusal as Error).message).not.toContain(SECRET);
  });
});

describe('a server', () => {
  const login = { user: 'ops', password: SECRET };
  const tls = { key: readFileSync(join(TLS, 'key.pem')), certificate: readFileSync(certificate) };
  const event = recovered('feed-a', 0);

  test('lets in by TLS and credentials of the address', async () => {
    const { port } = await givenServer({ tls, login });
    const store = givenStore(`esdb://ops:${SECRET}@localhost:${port}?tlsCAFile=${certificate}`);
    expect(await store.append('feed-a', 'no-stream', [event])).toMatchObject({ revision: 0 });
    expect(await store.byId(event.id)).toMatchObject({ id: event.id });
  });

  test('whose address is a number is held to its certificate, and nothing is warned of', async () => {
    const { port } = await givenServer({ tls, login });
    const at = (host: string, to: number) => `esdb://ops:${SECRET}@${host}:${to}?tlsCAFile=${certificate}`;
    const env = { TAPEDECK_EVENT_STORE: at('127.0.0.1', port), TAPEDECK_DATA: temporary.path };
    expect(await tapedeck(['status'], env)).toMatchObject({ code: 0, stderr: '' });
    // The certificate is for 127.0.0.1 alone.
    const wire = await givenWire(port, '127.0.0.2');
    const store = givenStore(at('127.0.0.2', wire.port), { ...LONG_TIMEOUTS, totalMs: 10 });
    await expect(store.head()).rejects.toThrow(/127\.0\.0\.2 is not in the cert's list/);
  });

  test('that refuses the credentials is told of in one sentence, without them', async () => {
    const { port } = await givenServer({ tls, login });
    const store = givenStore(`esdb://ops:${SECRET}-wrong@localhost:${port}?tlsCAFile=${certificate}`);
    const calls = [
      () => store.append('feed-a', 'no-stream', [event]),
      () => store.read({ limit: 1 }),
      () => store.subscribe({ after: '0', onEvents: () => undefined }).ended,
    ];
    for (const call of calls) {
      const failure = await call().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreError);
      expect(String((failure as Error).stack)).toContain('refuses user and password');
      expect(String((failure as Error).stack)).not.toContain(SECRET);
    }
  });

  test.each([
    ['21.10.9', 'is of version 21.10'],
    ['20.6.1', 'is of version 20.6'],
    [null, 'does not say its version'],
  ])('of version %s is too old, and that is said at the first call', async (version, told) => {
    const store = givenStore(`esdb://127.0.0.1:${(await givenServer({ version })).port}?tls=false`);
    await expect(store.append('feed-a', 'no-stream', [event])).rejects.toThrow(
      new StoreError(`the EventStoreDB ${told}, which is too old: Tapedeck needs 22.10 or later; upgrade it, or name another`),
    );
    await expect(store.head()).rejects.toThrow(StoreError);
  });

  test.each(['22.10.0', '23.10.1', '24.10.4', '25.0.0', '26.0.1.3112-nightly'])('of version %s will do', async (version) => {
    const store = givenStore(`esdb://127.0.0.1:${(await givenServer({ version })).port}?tls=false`);
    expect(await store.head()).toBe('0');
  });

  test('of a cluster is found by asking its nodes', async () => {
    const { port } = await givenServer();
    const store = givenStore(`esdb://127.0.0.1:1,127.0.0.1:${port}?tls=false`);
    expect(await store.append('feed-a', 'no-stream', [event])).toMatchObject({ revision: 0 });
  });
});
