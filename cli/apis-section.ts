/**
 * APIs section: what a fleet file says of the imitated APIs: where each is, whose half hours the UK one tells, and data
 * centres that the table lacks.
 */
import { z } from 'zod';
import { defaultMounts } from '../energy-oracle/served/served-apis.ts';

const mount = z.string().regex(/^(\/[A-Za-z0-9._-]{1,64}){0,8}$/, 'a path such as /v3 without a slash at its end, or nothing for the root');
const [first, ...others] = Object.keys(defaultMounts) as [keyof typeof defaultMounts, ...(keyof typeof defaultMounts)[]];

export const apisSection = z.strictObject({
  mounts: z.partialRecord(z.enum([first, ...others]), mount).optional(),
  ukZone: z
    .string()
    .regex(/^[A-Z0-9-]{1,32}$/, 'a zone such as GB')
    .optional(),
  dataCentres: z
    .record(
      z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'provider/region in lower case'),
      z.strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) }),
    )
    .optional(),
});
