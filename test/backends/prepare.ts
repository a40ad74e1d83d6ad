/** Before any test: builds or downloads the local programs, the first time, which takes minutes that no test should wait for. */

import { prepareLocalPrograms } from './backends.ts';

export default prepareLocalPrograms;
