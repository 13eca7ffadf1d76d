/** The oldest version of Node.js that runs the command, as in `engines` of `package.json`. */
const OLDEST = 20;

/** Returns why a version of Node.js cannot run the command; `null` if it can. */
export function unsupportedNode(version: string): string | null {
  const major = Number.parseInt(version, 10);
  return major >= OLDEST ? null : `Node.js ${OLDEST} or newer is needed, this is ${version}`;
}
