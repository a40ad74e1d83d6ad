/** The last lines of a run: each test that was skipped, and why. A skip without a reason fails the run. */

import type { Reporter, TestCase, TestModule, TestRunEndReason, TestSuite, Vitest } from 'vitest/node';
import type {} from './unless.ts';

export default class SkippedReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], _errors: readonly unknown[], ended: TestRunEndReason): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    // With -t, most are skipped because nobody asked for them.
    const isFiltered = this.#vitest?.config.testNamePattern !== undefined;
    const listed = skipped.filter((test) => !isFiltered || reasonOf(test) !== undefined);
    if (listed.length === 0) return;
    const lines = listed.map(
      (test) => `  ${test.module.relativeModuleId} > ${test.fullName}: ${reasonOf(test) ?? 'NO REASON IS GIVEN'}`,
    );
    this.#vitest?.logger.log(`${lines.length} skipped:\n${lines.join('\n')}`);
    // What a failed hook left out has no reason of its own.
    if (ended === 'passed' && listed.some((test) => reasonOf(test) === undefined)) process.exitCode = 1;
  }
}

/** The note of `context.skip(note)`, or what `unless` said of the test or of a group around it. */
function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  for (let part: TestCase | TestSuite | TestModule = test; part.type !== 'module'; part = part.parent) {
    const { skippedBecause } = part.meta();
    if (skippedBecause !== undefined) return skippedBecause;
  }
  return undefined;
}
