// A refusal that tells a person what to do.
import { PipelineError } from '../../schemas/failure.ts'

export const refused = (reason: string): PipelineError => new PipelineError('PARTITION_REFUSED', { reason })
