import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { describeLeases } from '../../contracts/leases.ts';

describeLeases('leases in memory', async () => {
  const leases = openMemoryLeases();
  return async () => leases;
});
