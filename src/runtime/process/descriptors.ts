/** How many files and connections the system lets this process have open at once. */

/** The part of Node's report that says so; on Windows there is none. */
interface Limits {
  readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
}

/** The limit in force (`ulimit -n`, as Node has raised it); infinite where there is none. */
export function descriptorLimit(): number {
  // It would ask for the names of all addresses.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as Limits;
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isNaN(soft) ? Number.POSITIVE_INFINITY : soft;
}
