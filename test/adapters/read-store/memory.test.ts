import { openMemoryReadStore } from '../../../src/adapters/read-store/memory.ts';
import { describeReadStore } from '../../contracts/read-store.ts';

describeReadStore('the read store in memory', async () => openMemoryReadStore());
