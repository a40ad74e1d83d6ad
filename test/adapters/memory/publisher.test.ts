import { publisherContract } from '../../contracts/publisher.ts';
import { MemoryBroker } from '../../support/memory-publisher.ts';

publisherContract('in memory, of the tests', async () => {
  const broker = new MemoryBroker();
  return { publisher: broker, valuesOf: async (topic) => broker.valuesOf(topic) };
});
