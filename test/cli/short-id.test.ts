import { expect, it } from 'vitest';
import { shortId, wholeId } from '../../src/cli/short-id.ts';

const IDS = [
  '68a15dd6-1111-5111-9111-000000000000',
  '68a15dd6-2222-5222-9222-000000000000',
  'bf00b95d-fed3-5da5-b265-f6941ef09958',
];
const find = async (beginning: string, limit: number) => IDS.filter((id) => id.startsWith(beginning)).slice(0, limit);
const whole = (text: string) => wholeId('order', text, find, '"orders" lists them');

it('An id is shown by its beginning, and found by it', async () => {
  expect(shortId(IDS[2] as string)).toBe('bf00b95d');
  expect(await whole('bf00b95d')).toBe(IDS[2]);
  expect(await whole('BF00')).toBe(IDS[2]);
  expect(await whole('68a15dd6-2')).toBe(IDS[1]);
  expect(await whole(IDS[0] as string)).toBe(IDS[0]);
});

it('A beginning of several names them, and one of none says where to look', async () => {
  await expect(whole('68a15dd6')).rejects.toThrow(
    `several orders begin with "68a15dd6": ${IDS[0]}, ${IDS[1]}; give more of the id`,
  );
  await expect(whole('0000')).rejects.toThrow('there is no order "0000": "orders" lists them');
  for (const text of ['bf0', 'golden-cross', '']) await expect(whole(text)).rejects.toThrow(/is no id: give at least/);
});

it('Of many that fit only a few are named', async () => {
  const many = async (_beginning: string, limit: number) => Array.from({ length: limit }, (_, index) => `aaaa-${index}`);
  await expect(wholeId('event', 'aaaa', many, 'x')).rejects.toThrow(
    'several events begin with "aaaa": aaaa-0, aaaa-1, aaaa-2, aaaa-3, aaaa-4 and others; give more of the id',
  );
});
