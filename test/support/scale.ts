/** How much the tests try: `npm test` is bounded, `npm run test:full` tries everything. The one place for these counts. */

const SCALES = ['bounded', 'full'];

const scale = process.env.TAPEDECK_TEST_SCALE ?? 'bounded';
if (!SCALES.includes(scale)) throw new Error(`TAPEDECK_TEST_SCALE is "${scale}": give ${SCALES.join(' or ')}`);
export const isFull = scale === 'full';

const of = (bounded: number, full: number): number => (isFull ? full : bounded);

export const counts = {
  /** SIGKILLs of the system on embedded stores. */
  kills: of(20, 200),
  /** SIGKILLs of the system on a tape in EventStoreDB, and as many of its server. */
  killsAcrossNetwork: of(3, 100),
  /** Requests made from the OpenAPI document. */
  fuzzed: of(1_000, 10_000),
  /** Changes to recorded frames, of each kind of frame. */
  changedFrames: of(5_000, 20_000),
  /** Runs of three builds that decide in turn, each with a seed of its own. */
  builds: of(20, 60),
  /** SIGTERMs of the system, on each store. */
  ends: of(3, 50),
  /** Of a server's appends, in the middle of each of six groups. */
  groupFaults: of(3, 12),
  /** In which copies of decisions land. */
  copyOrders: of(3, 20),
  /** Of feeds that are recorded with several appends on their way, each with failures, and with kills. */
  recordingFaults: of(6, 200),
  recordingKills: of(4, 100),
  /** Of a cluster under a tape. */
  leaderChanges: of(6, 20),
  majorityLosses: of(2, 5),
  /** Of the event store's contract, with what the ones before have left. */
  runsOnOneServer: of(4, 1_000),
  /** Orders of appends, failures, kills and restarts about the hook in a tape's commits. */
  interleavings: of(60, 500),
};
