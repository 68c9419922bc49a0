/** Whether a warning is Node's own about formats that it guesses and features that it calls experimental. */
const isNodesOwn = (warning: Error): boolean =>
  warning.name === 'ExperimentalWarning' ||
  ('code' in warning && warning.code === 'MODULE_TYPELESS_PACKAGE_JSON') ||
  warning.message.startsWith('Failed to load the ES module');

/** Hides warnings that are for the authors of this program and not for the operator. All others are shown as Node does. */
export function hideNodeWarnings(): void {
  const show = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!isNodesOwn(warning)) for (const listener of show) listener(warning);
  });
}
