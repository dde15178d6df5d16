// What the process of an execution leaves in its result file. Whoever reads it takes it for what somebody else wrote.
import { z } from "zod";

/** An error, told with places in the code as it was given. */
export const troubleSchema = z.object({
  name: z.string().max(200),
  message: z.string(),
  /** Both from 1; absent where the error has no place in the code. */
  line: z.int().positive().optional(),
  column: z.int().positive().optional(),
  /** A few lines around that place, with a mark under it. */
  frame: z.string().optional(),
  /** Where it came from, innermost first, without the runner's own frames. */
  stack: z.array(z.string()).optional(),
});

export const outcomeSchema = z.object({
  /** The value of the last expression, where it is JSON. */
  value: z.json().optional(),
  /** Any other value, as `util.inspect` shows it. */
  shown: z.string().optional(),
  /** Why there is no value, or not all of it. */
  note: z.string().optional(),
  error: troubleSchema.optional(),
});

export type Trouble = z.output<typeof troubleSchema>;
export type Outcome = z.output<typeof outcomeSchema>;
