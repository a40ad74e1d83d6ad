/**
 * The name of the build, as far as decisions go: a hash of the code that decides. It covers the sources of the engine,
 * its reactors, the catalogue and ids, the versions of the packages that these import, and Node's major version. A file
 * counts by its content and by that of its imports, never by its path. So a file that moves, or a change of code that
 * decides nothing, makes no new build.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The code that decides begins here; paths under `src`. */
const ROOTS = ['domain/reactors.ts', 'domain/engine/engine.ts', 'domain/catalogue.ts', 'tape/id.ts'];

const SOURCES = join(import.meta.dirname, '..', '..');

/** Hex digits of the hash in the name: enough that two builds never share one. */
const DIGITS = 12;

/** `import ... from '...';`, `export ... from '...';` or `import '...';` at the beginning of a line. */
const IMPORT = /^(?:import|export)(?<what> [\w$*{},\s]+ from)? '(?<from>[^']+)';\n/gm;

/** Types have no part in what runs. */
const TYPE_IMPORT = /^(?:import|export) type [\w$*{},\s]+ from '[^']+';\n/gm;

/** An import that IMPORT cannot read, or a module that is loaded later. */
const OTHER_IMPORT = /^import\b.*|^export\s*(?:\*|\{[^}]*\})[^;]*\bfrom\b.*|\bimport\s*\(.*/m;

/**
 * The name of this build: the same sources give the same name on any machine. Throws where a source is missing, as in a
 * program that was bundled without them.
 */
export function codeVersion(): string {
  return nameOfBuild(SOURCES);
}

/** The name of the build whose sources are in the folder `sources`. Reads them again each time. */
export function nameOfBuild(sources: string): string {
  const files = new FileHashes();
  const roots = ROOTS.map((root) => files.hashOf(join(sources, root))).sort();
  const [major = ''] = process.versions.node.split('.');
  return hashOf([...roots, ...[...files.packages].sort(), `node ${major}`]).slice(0, DIGITS);
}

/** The hashes of files, each with those of the files that it imports. */
class FileHashes {
  /** The packages that the files import, with their versions. */
  readonly packages = new Set<string>();
  /** Null while the file's imports are read. */
  readonly #hashes = new Map<string, string | null>();

  hashOf(path: string): string {
    const known = this.#hashes.get(path);
    if (known === null) throw new Error(`${path} imports itself by way of others, so the build has no name`);
    if (known !== undefined) return known;
    this.#hashes.set(path, null);
    const hash = this.#read(path);
    this.#hashes.set(path, hash);
    return hash;
  }

  #read(path: string): string {
    const text = sourceAt(path).replaceAll(TYPE_IMPORT, '');
    const imports: string[] = [];
    const rest = text.replaceAll(IMPORT, (_, what: string | undefined, from: string) => {
      imports.push(`${inOneLine(what ?? '')} ${this.#identify(path, from)}`);
      return '';
    });
    const other = OTHER_IMPORT.exec(rest);
    if (other !== null) throw new Error(`${path} has an import that the build's name cannot count: "${other[0]}"`);
    // In an order of their own: they are sorted by paths in the file.
    return hashOf([...imports.sort(), rest]);
  }

  /** The import, by its content or its version. */
  #identify(path: string, from: string): string {
    if (from.startsWith('.')) return this.hashOf(join(path, '..', from));
    if (!from.startsWith('node:')) this.packages.add(`${from} ${versionOf(from)}`);
    return from;
  }
}

function sourceAt(path: string): string {
  try {
    // As a checkout on any machine has them: what a program means does not depend on how its lines end.
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    throw new Error(`the source ${path} is missing: without it nobody knows which build this is`, { cause: error });
  }
}

function versionOf(packageName: string): string {
  const { version } = createRequire(import.meta.url)(`${packageName}/package.json`) as { version: string };
  return version;
}

/** However the lines of an import are broken. */
function inOneLine(what: string): string {
  return what.replaceAll(/\s+/g, ' ').replace(', }', ' }');
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
