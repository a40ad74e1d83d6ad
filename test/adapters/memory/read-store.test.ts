import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import { describeReadStore } from '../../contracts/read-store.ts';

describeReadStore('the read store in memory', async () => openMemoryReadStore());
