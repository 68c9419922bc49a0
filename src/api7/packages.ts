import { defined } from '../core/base/data.ts';
import type { Api7Settings } from '../inventory/inventory.ts';
import { PATHS } from './paths.ts';

const INTO = { controlPlane: PATHS.controlPlanePackage, dataPlane: PATHS.dataPlanePackage } as const;

/** Parameters of `package_` for one of the inventory's archives. */
export const packageParams = (packages: NonNullable<Api7Settings['package']>, role: keyof typeof INTO) => ({
  from: packages[role],
  into: INTO[role],
  ...defined({ sha256: packages.sha256[role] }),
});
