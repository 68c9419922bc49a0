/** Whether a warning comes from Node itself, about guessed formats or experimental features. */
const isNodesOwn = (warning: Error): boolean =>
  warning.name === 'ExperimentalWarning' ||
  ('code' in warning && warning.code === 'MODULE_TYPELESS_PACKAGE_JSON') ||
  warning.message.startsWith('Failed to load the ES module');

/** Hides warnings for api7-orch's developers. Prints all others like Node does. */
export function hideNodeWarnings(): void {
  const show = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!isNodesOwn(warning)) for (const listener of show) listener(warning);
  });
}
