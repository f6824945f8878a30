import type { z } from 'zod'

/**
 * A field that may be missing. It is typed as zod's exact optional, because a value that came as JSON is never undefined;
 * yet made as the plain one, because the OpenAPI generator takes a field for required unless it accepts undefined.
 */
export const omittable = <Shape extends z.ZodType>(shape: Shape): z.ZodExactOptional<Shape> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above: the two differ in what they refuse only
  shape.optional() as unknown as z.ZodExactOptional<Shape>
