import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { tapedeck } from '../../support/child.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const temporary = new TemporaryFolder();

let data: string;
beforeEach(() => {
  data = dirname(temporary.newFile());
});

const keys = (...args: string[]) => tapedeck(['keys', ...args], { TAPEDECK_DATA: data });
const keyFile = (name: string) => join(data, 'api-keys', `${name}.json`);

describe('tapedeck keys', () => {
  it('makes a key, shows it once, and keeps only its digest, for its owner alone', async () => {
    const { code, stdout } = await keys('add', 'alice', '--scope', 'trade');
    expect(code).toBe(0);
    const made = JSON.parse(stdout);
    expect(made).toMatchObject({ name: 'alice', scope: 'trade', expiresAt: null });
    expect(made.key).toMatch(/^tapedeck_[\w-]{43}$/);
    expect(readFileSync(keyFile('alice'), 'utf8')).not.toContain(made.key);
    expect(statSync(keyFile('alice')).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'api-keys')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(data, 'api-keys'))).toEqual(['alice.json']);
    const listed = await keys('list');
    expect(listed.stdout).not.toContain(made.key);
    expect(JSON.parse(listed.stdout)).toMatchObject({ name: 'alice', scope: 'trade', expiresAt: null, expired: false });
  });

  it('revokes it, and says when there is none', async () => {
    await keys('add', 'bob');
    expect(await keys('revoke', 'bob')).toMatchObject({ code: 0, stdout: '{"name":"bob","revoked":true}\n' });
    expect(existsSync(keyFile('bob'))).toBe(false);
    expect(await keys('revoke', 'bob')).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no key "bob"') });
    expect(await keys('revoke', '../tape')).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no key') });
    expect(await keys('list')).toMatchObject({ code: 0, stdout: '' });
  });

  it('gives no second key under a name that is taken, whoever is first', async () => {
    const all = await Promise.all([keys('add', 'carol'), keys('add', 'carol')]);
    expect(all.map(({ code }) => code).sort()).toEqual([0, 2]);
    expect(all.map(({ stderr }) => stderr).join('')).toContain('there is a key "carol" already');
    expect(readdirSync(join(data, 'api-keys'))).toEqual(['carol.json']);
  });

  it('ends a key after days or at a time', async () => {
    const made = JSON.parse((await keys('add', 'dave', '--expires', '2999-01-01')).stdout);
    expect(made.expiresAt).toBe('2999-01-01T00:00:00.000Z');
    expect((await keys('add', 'erin', '--expires', '90d')).code).toBe(0);
    expect(await keys('add', 'f', '--expires', '2020-01-01')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expire before'),
    });
    expect(await keys('add', 'f', '--expires', 'soon')).toMatchObject({ code: 2, stderr: expect.stringContaining('90d') });
    expect(await keys('add', 'local')).toMatchObject({ code: 2, stderr: expect.stringContaining('take another name') });
    expect(await keys('add', 'a/b')).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be the name of a key') });
  });

  it('names a file that is no key, and lists the others', async () => {
    await keys('add', 'gina');
    writeFileSync(keyFile('broken'), '{"name":"broken"}');
    const { code, stdout, stderr } = await keys('list');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).name).toBe('gina');
    expect(stderr).toContain('broken.json is no API key');
  });
});
