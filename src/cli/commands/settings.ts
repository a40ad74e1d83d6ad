/** `tapedeck settings`: what is in force, and changing it. The tape's settings are in force; a file only proposes. */

import { Command } from 'commander';
import { asProposal } from '../../domain/settings/in-force.ts';
import { outOfRange } from '../../domain/settings/ranges.ts';
import type { Settings } from '../../domain/settings/settings.ts';
import { settingsWarnings } from '../../domain/settings/warnings.ts';
import { SETTINGS_STREAM } from '../../domain/streams.ts';
import { UserError } from '../../domain/user-error.ts';
import { latestDocuments } from '../../queries/documents.ts';
import { haltedStrategies } from '../../queries/halted-strategies.ts';
import { readSettings } from '../../queries/settings-in-force.ts';
import { applySettings, type SettingsOrigin, type SettingsPlan, SettingsRefusedError } from '../../requests/settings-apply.ts';
import { loadSettings, SettingsError, UnreadableSettingsError } from '../../requests/settings-file.ts';
import { settingsSchemaText } from '../../requests/settings-schema.ts';
import { codeVersion } from '../../runtime/engine/code-version.ts';
import { answerText, engineAnswered } from '../engine-answer.ts';
import { planWithRecordings, unusableIn } from '../recordings.ts';
import { changeLines, type SettingsChange, settingsChanges } from '../settings-changes.ts';
import { cliActor, type OpenStores, withTape, withTapeIfAny } from '../stores.ts';
import { reasonArgument } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer, type OutputOptions } from '../terminal/output.ts';
import type { Palette } from '../terminal/palette.ts';
import { printLines } from '../terminal/print.ts';

interface ApplyOptions extends OutputOptions {
  readonly reason: string;
}

/**
 * What a file comes to. `applicable`: it would be applied; `usable`: it would, were there a tape; `ignored`: the tape has
 * a higher generation; `refused`: it contradicts the tape; `mistaken`: it cannot be used.
 */
interface Verdict {
  readonly outcome: Planned['outcome'] | 'usable' | 'mistaken' | 'refused';
  readonly file: string;
  /** Of the file, and in force on the tape (before the change); null where there is none. */
  readonly generation: number | null;
  readonly inForce: number | null;
  readonly changes: readonly SettingsChange[];
  /** Why not, a sentence each. */
  readonly reasons: readonly string[];
  /** What is allowed, and to be known. */
  readonly warnings: readonly string[];
}

export function settingsCommand(command: Command): void {
  for (const part of [checkCommand, showCommand, applyCommand, schemaCommand]) command.addCommand(part());
  withExamples(command, [
    'tapedeck settings show > settings/next.json',
    'tapedeck settings check settings/next.json',
    'tapedeck settings apply settings/next.json --reason "slower crossover"',
  ]);
}

function checkCommand(): Command {
  const command = new Command('check')
    .description('check a settings file, and show what it would change')
    .argument('<file>', 'the file')
    .option('--json', 'print the verdict as one JSON line')
    .action((file: string, options: OutputOptions) =>
      withTapeIfAny(async (stores) => {
        const verdict = await judge(stores, file, plan);
        answer(options, verdict, (palette) => verdictLines(verdict, palette, 'would be applied'));
        process.exitCode = exitCodeOf(verdict);
      }),
    );
  return withExamples(command, ['tapedeck settings check settings/default.json']);
}

function showCommand(): Command {
  const command = new Command('show')
    .description('print the settings in force, as a file to change and apply')
    .option('--json', 'print one JSON line')
    .action(({ json }: OutputOptions) =>
      withTape(async ({ events }) => {
        const { settings } = await readSettings(events);
        if (settings.generation === 0)
          throw new UserError('the tape has no settings yet: "npm start" applies those of TAPEDECK_SETTINGS');
        printLines(JSON.stringify(asProposal(settings), null, json === true ? 0 : 2).split('\n'));
      }),
    );
  return withExamples(command, ['tapedeck settings show > settings/next.json', 'tapedeck settings show --json | jq .accounts']);
}

function applyCommand(): Command {
  const command = new Command('apply')
    .description('apply a settings file: it is recorded on the tape and in force from then on')
    .argument('<file>', 'the file; its generation must be higher than the one in force')
    .requiredOption('--reason <text>', 'why; recorded with the change', reasonArgument)
    .option('--json', 'print the outcome as one JSON line')
    .action((file: string, options: ApplyOptions) =>
      withTape(async (stores) => {
        const verdict = await judge(stores, file, (settings, at) => apply(settings, at, options.reason));
        const recorded = verdict.outcome === 'applied' ? await recordedIn(stores) : undefined;
        const words = answerText(recorded?.decided === true);
        answer(options, { ...verdict, ...recorded }, (palette) => verdictLines(verdict, palette, words));
        process.exitCode = exitCodeOf(verdict);
      }),
    );
  return withExamples(command, ['tapedeck settings apply settings/next.json --reason "slower crossover"']);
}

function schemaCommand(): Command {
  const command = new Command('schema')
    .description('print the JSON Schema of the settings file, for completion in editors')
    .option('--json', 'the same: the output is JSON')
    .action(() => {
      printLines(settingsSchemaText().trimEnd().split('\n'));
    });
  return withExamples(command, ['tapedeck settings schema > settings/schema.json']);
}

interface Planned extends Pick<SettingsPlan, 'settings' | 'events'> {
  readonly outcome: SettingsPlan['outcome'] | 'applicable';
}

async function plan(settings: Settings, stores: OpenStores): Promise<Planned> {
  const planned = await planWithRecordings(settings, stores, originOf(stores));
  return planned.outcome === 'applied' ? { ...planned, outcome: 'applicable' } : planned;
}

async function apply(settings: Settings, stores: OpenStores, reason: string): Promise<Planned> {
  const origin = { ...originOf(stores), reason };
  // Shown before the change is made: a change that somebody else makes in between is not ours.
  const planned = await planWithRecordings(settings, stores, origin);
  const { outcome } = await applySettings(stores.events, settings, origin);
  return { ...planned, outcome };
}

function originOf({ config, time }: OpenStores): SettingsOrigin {
  return { clock: time, actor: cliActor(config), codeVersion: codeVersion() };
}

async function judge(
  stores: OpenStores | undefined,
  file: string,
  propose: (settings: Settings, stores: OpenStores) => Promise<Planned>,
): Promise<Verdict> {
  const nothing = { file, generation: null, inForce: null, changes: [], reasons: [], warnings: [] };
  try {
    const settings = await loadSettings(file);
    const { generation } = settings;
    const warnings = settingsWarnings(settings);
    if (stores === undefined) {
      const reasons = [...outOfRange(settings), ...(await unusableIn(settings, file))];
      return { ...nothing, outcome: reasons.length === 0 ? 'usable' : 'mistaken', generation, reasons, warnings };
    }
    const planned = await propose(settings, stores).catch((error: unknown) => refusal(error));
    if (planned instanceof SettingsRefusedError) {
      return { ...nothing, outcome: 'refused', generation, reasons: [planned.message] };
    }
    const changes = settingsChanges(planned.settings, planned.events);
    const told = [...warnings, ...(await haltsThatStay(stores, planned.events))];
    return { ...nothing, outcome: planned.outcome, generation, inForce: planned.settings.generation, changes, warnings: told };
  } catch (error) {
    if (!(error instanceof SettingsError) || error instanceof UnreadableSettingsError) throw error;
    return { ...nothing, outcome: 'mistaken', reasons: error.violations };
  }
}

/** What is retired while a person's halt holds it: nothing but a resume lifts that. */
async function haltsThatStay({ events, reads }: OpenStores, changes: SettingsPlan['events']): Promise<string[]> {
  const retired = changes.flatMap((event) => (event.type === 'StrategyRetired' ? event.data.name : []));
  if (retired.length === 0) return [];
  const halted = await haltedStrategies(latestDocuments(events, reads));
  return retired
    .filter((name) => halted.has(name))
    .map(
      (name) =>
        `the halt of strategy ${name} stays, and holds whatever is listed under that name again: "./tapedeck resume --strategy ${name}" lifts it`,
    );
}

function refusal(error: unknown): SettingsRefusedError {
  if (error instanceof SettingsRefusedError) return error;
  throw error;
}

async function recordedIn(stores: OpenStores): Promise<{ readonly position: string; readonly decided: boolean }> {
  const [closing] = await stores.events.read({ stream: SETTINGS_STREAM, isBackward: true, limit: 1 });
  if (closing === undefined) throw new Error('settings were applied and are not on the tape');
  return { position: closing.position, decided: await engineAnswered(stores, closing.id, closing.position) };
}

/** 0: the file is or would be in force; 1: it is not, or would not. */
function exitCodeOf({ outcome }: Verdict): number {
  return ['applied', 'applicable', 'in-force', 'usable'].includes(outcome) ? 0 : 1;
}

function verdictLines(verdict: Verdict, palette: Palette, applied: string): string[] {
  const { outcome, file, generation, inForce, changes, reasons, warnings } = verdict;
  const told = warnings.map((text) => palette.warning(`! ${text}`));
  switch (outcome) {
    case 'applied':
    case 'applicable':
      return [`${file}: generation ${generation} after ${inForce}, ${applied}`, ...changeLines(changes, palette), ...told];
    case 'in-force':
      return [`${file}: generation ${generation} is in force`];
    case 'usable':
      return [`${file}: generation ${generation} can be used; there is no tape yet`, ...told];
    case 'ignored':
      return [palette.warning(`${file}: generation ${generation} is ignored, generation ${inForce} is in force`)];
    case 'refused':
      return [palette.bad(`${file}: generation ${generation} is refused`), ...reasons.map((reason) => `  ${reason}`)];
    case 'mistaken':
      return [palette.bad(`${file}: cannot be used`), ...reasons.map((reason) => `  ${reason}`)];
  }
}
