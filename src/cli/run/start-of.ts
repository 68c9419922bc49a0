import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { dashboardImage, dpManagerImage, gatewayImage } from '../../api7/images.ts';
import { defined, sha256 } from '../../core/base/data.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { inventoryDigests } from '../../runs/inventory-digests.ts';
import type { RunStart } from '../../runs/run-recorder.ts';
import { isPlaybookPath } from '../load-playbook.ts';
import { version } from '../version.ts';
import type { ReadyPlaybook } from './plays-of.ts';
import { acceptedWords } from './resume-command.ts';
import type { RunFlags } from './run-flags.ts';

export interface StartOptions {
  readonly run: string;
  /** The playbook as given, and its source. */
  readonly name: string;
  readonly path: string;
  readonly ready: ReadyPlaybook;
  readonly inventory: Inventory;
  /** Without command-line variables, which are compared separately. */
  readonly asInFile: Inventory;
  readonly flags: RunFlags;
}

/** The inputs of a run for its record: the request, and digests of the files that it was planned from. */
export async function startOf({ run, name, path, ready, inventory, asInFile, flags }: StartOptions): Promise<RunStart> {
  const { api7 } = inventory;
  return {
    run,
    cluster: inventory.cluster,
    request: {
      // A file with another name must be given again in any case.
      playbook:
        basename(name, extname(name))
          .replace(/[^\w.-]/g, '_')
          .slice(0, 100) || '_',
      byPath: isPlaybookPath(name),
      ...defined({ limit: flags.limit }),
      ...ready.recorded,
      accepted: acceptedWords(flags),
    },
    program: { version: version(), playbook: sha256(await readFile(path)) },
    inventory: inventoryDigests(asInFile),
    images: [dashboardImage(api7), dpManagerImage(api7), gatewayImage(api7)],
  };
}
