import fc from 'fast-check'
import { type EventInput, eventInputs, type PacketsInput, packetInputs } from './event-inputs.ts'
import { type RequestInput, requestInputs } from './request-inputs.ts'
import {
  type BytesInput,
  bytesInputs,
  type FramesInput,
  framesInputs,
  type PollingInput,
  pollingInputs,
} from './wire-inputs.ts'

export type Input = RequestInput | EventInput | PacketsInput | BytesInput | FramesInput | PollingInput

/** Garbage for every way in, from the one that looks most like a call to plain bytes. */
export const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 8, arbitrary: requestInputs },
  { weight: 6, arbitrary: eventInputs },
  { weight: 2, arbitrary: packetInputs },
  { weight: 3, arbitrary: bytesInputs },
  { weight: 2, arbitrary: framesInputs },
  { weight: 1, arbitrary: pollingInputs },
)

/** Longest text that is shown whole. */
const SHOWN = 600

/** For whoever reads what was found. What is long is cut, and says how long it was. */
export const showInput = (input: Input): string =>
  JSON.stringify(input, (_key, value: unknown) =>
    typeof value === 'string' && value.length > SHOWN
      ? `${value.slice(0, SHOWN)}… (${value.length} characters)`
      : value,
  )
