/** `tapedeck projections`: the read models; rebuild one, compare it with the tape, see and retry what could not be applied. */

import { Command } from 'commander';
import { escapeUnprintable } from '../../domain/printable.ts';
import { listOrderOf } from '../../projections/projection.ts';
import { listed, shown as shownFields } from '../../projections/shown.ts';
import { currentDocuments } from '../../queries/current-documents.ts';
import { findDamage } from '../../queries/tape-damage.ts';
import { type ListedProjection, listProjections, projectionNamed, projectionsNamed } from '../../runtime/projections/list.ts';
import { listStandstills, retryParked, type Standstill } from '../../runtime/projections/parked-events.ts';
import { rebuildProjection } from '../../runtime/projections/rebuild.ts';
import { type Verification, verifyProjection } from '../../runtime/projections/verify.ts';
import { assertSameTape } from '../../runtime/stores/read-store-owner.ts';
import { stopSignal } from '../stop-signal.ts';
import { type OpenStores, withTape } from '../stores.ts';
import { positiveInteger } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer, answerAll, type OutputOptions, wantsJson } from '../terminal/output.ts';
import { printLines } from '../terminal/print.ts';
import { progressLine } from '../terminal/progress-line.ts';
import { table, thousands } from '../terminal/table.ts';

const JSON_OPTION = ['--json', 'JSON lines instead of a table'] as const;

export function projectionsCommand(command: Command): void {
  command
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(rebuildCommand())
    .addCommand(verifyCommand())
    .addCommand(parkedCommand())
    .addCommand(retryCommand());
}

/** On a tape and its own read store. */
function withReadModels(work: (stores: OpenStores) => Promise<void>): Promise<void> {
  return withTape(async (stores) => {
    await assertSameTape(stores.events, stores.reads);
    await work(stores);
  });
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list the read models: the build that serves, its position, the build in the making, parked events')
    .option(...JSON_OPTION)
    .action((options: OutputOptions) =>
      withReadModels(async ({ events, reads, time }) => {
        const listed = await listProjections(events, reads, time);
        answerAll(options, listed, () => listLines(listed));
      }),
    );
  return withExamples(command, ['tapedeck projections list']);
}

function listLines(listed: readonly ListedProjection[]): string[] {
  return table(
    ['read model', 'serves', 'position', 'behind', 'building', 'parked'],
    listed.map(({ projection, collection, position, caughtUp, lagMs, building, parkedKeys, parkedEvents }) => [
      projection,
      collection,
      position,
      caughtUp ? 'no' : lagMs === null ? 'yes' : `${thousands(Math.round(lagMs / 1000))} s`,
      building === null ? '-' : `${building.collection} at ${building.position}`,
      parkedKeys === 0 ? '-' : `${parkedEvents} events of ${parkedKeys} documents`,
    ]),
    undefined,
    { leftOut: ['building', 'serves'] },
  );
}

function showCommand(): Command {
  const command = new Command('show')
    .description(
      "print a read model's documents in the order of its first indexed field, one JSON line each, as of the tape's end",
    )
    .argument('<name>', 'such as denials')
    .option('--limit <count>', 'at most this many', positiveInteger, 100)
    .option('--json', 'the same: the output is JSON')
    .action((name: string, options: OutputOptions & { readonly limit: number }) =>
      withReadModels(async ({ events, reads }) => {
        const projection = projectionNamed(name, events);
        const { limit } = options;
        const list = { sort: listOrderOf(projection), isRising: true, limit };
        const found = await currentDocuments(events, reads, projection, list);
        const documents = found.map((document) => listed(projection, shownFields(projection, document)));
        answerAll({ json: true }, documents, () => []);
        if (documents.length === 0 && !wantsJson(options)) printLines(['no documents']);
      }),
    );
  return withExamples(command, ['tapedeck projections show strategies', 'tapedeck projections show bars --limit 3 | jq .close']);
}

function rebuildCommand(): Command {
  const command = new Command('rebuild')
    .description('rebuild a read model from the tape while the old one serves, then switch to the new one')
    .argument('<name>', 'such as orders')
    .option('--json', 'print the outcome as one JSON line')
    .action((name: string, options: OutputOptions) =>
      withReadModels(async ({ config, events, reads, time }) => {
        const line = progressLine(time, options);
        const rebuilt = await rebuildProjection(projectionNamed(name, events), events, reads, {
          time,
          signal: stopSignal(time, config.isWithinNpm),
          onProgress: ({ collection, position, head }) => line.show(`${collection}: at position ${position} of ${head}`),
        }).finally(() => line.end());
        const { collection, position, before } = rebuilt;
        answer(options, rebuilt, () => [
          `${collection} serves in place of ${before}, which was dropped; it is at position ${position}`,
        ]);
      }),
    );
  return withExamples(command, ['tapedeck projections rebuild orders']);
}

function verifyCommand(): Command {
  const command = new Command('verify')
    .description('compare read models with a fold of the tape; exits with 1 when one differs')
    .argument('[name]', 'such as orders; all without it')
    .option(...JSON_OPTION)
    .action((name: string | undefined, options: OutputOptions) =>
      withReadModels(async ({ events, reads, time }) => {
        // What the tape cannot have been is no measure of anything.
        const damage = await findDamage(events, time);
        if (damage !== undefined) throw damage;
        for (const projection of projectionsNamed(name, events)) {
          const line = progressLine(time, options);
          const verified = await verifyProjection(projection, events, reads, {
            onProgress: (position, end) => line.show(`${projection.name}: at position ${position} of ${end}`),
          }).finally(() => line.end());
          answer(options, verified, () => verifyLines(verified));
          if (verified.differing > 0) process.exitCode = 1;
        }
      }),
    );
  return withExamples(command, ['tapedeck projections verify', 'tapedeck projections verify orders']);
}

function verifyLines({ collection, position, documents, parkedKeys, differing, differences }: Verification): string[] {
  const still = parkedKeys === 0 ? '' : `; ${parkedKeys} stand still (tapedeck projections parked)`;
  const outcome = differing === 0 ? 'as the tape has it' : `${thousands(differing)} DIFFER`;
  return [
    `${collection}: ${thousands(documents)} documents up to position ${position}: ${outcome}${still}`,
    ...differences.map(
      ({ key, path, stored, folded }) => `  ${key} ${path}: ${shown(stored)} is stored, the tape makes it ${shown(folded)}`,
    ),
  ];
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`;
}

function parkedCommand(): Command {
  const command = new Command('parked')
    .description('list the documents that are parked because an event could not be applied, and why')
    .argument('[name]', 'such as orders; all without it')
    .option(...JSON_OPTION)
    .action((name: string | undefined, options: OutputOptions) =>
      withReadModels(async ({ events, reads }) => {
        const found: Standstill[] = [];
        for (const projection of projectionsNamed(name, events)) found.push(...(await listStandstills(reads, projection)));
        answerAll(options, found, () => parkedLines(found));
      }),
    );
  return withExamples(command, ['tapedeck projections parked', 'tapedeck projections parked orders --json']);
}

function parkedLines(found: readonly Standstill[]): string[] {
  if (found.length === 0) return ['nothing is parked'];
  return found.flatMap(({ projection, key, eventId, type, stream, position, error, events }) => [
    `${projection} "${key}" stands still at ${type} ${eventId} of ${stream}, position ${position}`,
    `  why: ${escapeUnprintable(error ?? 'it waited behind one that was applied since')}`,
    `  behind it: ${events - 1} more`,
    `  then: tapedeck projections retry ${projection} "${key}", once a build runs that can apply it`,
  ]);
}

function retryCommand(): Command {
  const command = new Command('retry')
    .description('apply the parked events of one document; exits with 1 when one still fails')
    .argument('<name>', 'the read model, such as orders')
    .argument('<key>', 'the document, as "projections parked" names it')
    .option('--json', 'print the outcome as one JSON line')
    .action((name: string, key: string, options: OutputOptions) =>
      withReadModels(async ({ events, reads }) => {
        const { applied, failed } = await retryParked(projectionNamed(name, events), events, reads, key);
        const outcome = { projection: name, key, applied, eventId: failed?.event.id ?? null, error: failed?.error ?? null };
        answer(options, outcome, () => [
          failed === null
            ? `${applied} events applied; "${key}" goes on`
            : `${applied} events applied; ${failed.event.type} ${failed.event.id} still cannot be: ${escapeUnprintable(failed.error)}`,
        ]);
        if (failed !== null) process.exitCode = 1;
      }),
    );
  return withExamples(command, ['tapedeck projections retry orders 0190c8a1-7b1e-5d35-9a2f-3d5c6b7a8e90']);
}
