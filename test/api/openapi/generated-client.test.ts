import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { generateSource } from 'oazapfts';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/child.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { givenApi, idOf, recordSettings } from '../given-api.ts';
import { approve } from '../given-orders.ts';
import { Documented } from './documented.ts';

const run = promisify(execFile);
const temporary = new TemporaryFolder();
/** A compiler and a generator start from cold, on whatever machine this is. */
const TIMEOUT_MS = 120_000;

/** What somebody would write against the client: types are checked, and then it is run against a server. */
const USE = `
import { defaults, getEvent, getOrder, haltAccount, listAccounts, listOrders, placeOrder } from './client.ts';

defaults.baseUrl = process.argv[2] ?? '';
const [order] = process.argv.slice(3);
const said: unknown[] = [];

const accounts = await listAccounts({ limit: 10 });
if (accounts.status !== 200) throw new Error('accounts');
const currencies: (string | null)[] = accounts.data.data.map(({ currency }) => currency);
said.push(currencies);

const known = await getOrder({ id: order ?? '' });
if (known.status === 200) said.push([known.data.status, known.data.history.map((step) => step['type'])]);

const listed = await listOrders({ status: 'approved,filled', account: 'paper-1' });
said.push(listed.status === 200 ? listed.data.data.length : listed.status);

const body = { account: 'paper-1', venue: 'binance', symbol: 'BTCUSDT', side: 'buy', type: 'market', quantity: '0.1' } as const;
const placed = await placeOrder({ idempotencyKey: 'one', body });
if (placed.status !== 202) throw new Error('order');
const event = await getEvent({ id: placed.data.requestId });
if (event.status !== 200 || event.data['type'] !== 'OrderRequested') throw new Error('event');
const quantity: string = event.data.data.quantity;
said.push(quantity);

const refused = await placeOrder({ idempotencyKey: 'two', body: { ...body, account: 'nobody' } });
said.push(refused.status === 422 ? refused.data.errors.map(({ path }) => path) : refused.status);

const halted = await haltAccount({ name: 'paper-1', body: { mode: 'stop', reason: 'a client' } });
said.push(halted.status);
console.log(JSON.stringify(said));
`;

it(
  'a client generated from the document by a public generator has the right types, and works',
  async () => {
    const api = await givenApi();
    await recordSettings(api);
    await approve(api, idOf('a'));
    const { document } = await Documented.of(api.server);

    const folder = dirname(temporary.newFile());
    mkdirSync(folder);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const specification = join(folder, 'openapi.json');
    writeFileSync(specification, JSON.stringify(document));
    const client = await generateSource(specification, { argumentStyle: 'object', useUnknown: true });
    writeFileSync(join(folder, 'client.ts'), client);
    writeFileSync(join(folder, 'use.ts'), USE);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2024',
          lib: ['es2024', 'dom'],
          module: 'nodenext',
          types: ['node'],
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          allowImportingTsExtensions: true,
        },
        include: ['use.ts'],
      }),
    );
    const tool = (name: string) => join(ROOT, 'node_modules', name);
    const node = (...args: string[]) =>
      run(process.execPath, args, { cwd: folder }).catch((error) => {
        throw new Error(`${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
      });
    await node(tool('typescript/bin/tsc'), '-p', folder);

    const address = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const { stdout } = await node('use.ts', address, idOf('a'));
    expect(JSON.parse(stdout)).toEqual([['USDT'], ['approved', ['OrderApproved']], 1, '0.1', ['account'], 202]);
  },
  TIMEOUT_MS,
);
