/** The order of the test files: what needs an empty tape comes before what leaves events on it. */

import { BaseSequencer, type TestSpecification } from 'vitest/node';

const FIRST = /\/same-as-embedded\.test\.ts$/;

export class WholeSystemFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))];
  }
}

function isFirst({ moduleId }: TestSpecification): boolean {
  return FIRST.test(moduleId);
}
