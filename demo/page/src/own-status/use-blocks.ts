import { usePresenceClient } from 'porchlight/react'
import { useEffect, useState } from 'react'
import { explain } from '../api/http.ts'

export interface BlocksState {
  /** User ids, the latest first. */
  readonly blocks: readonly string[]
  readonly problem: { readonly message: string; readonly code: string } | null
  readonly block: (userId: string) => void
  readonly unblock: (userId: string) => void
}

/** Whom the person blocks: shown at once, and as the server has it when that was refused. */
export function useBlocks(): BlocksState {
  const { own } = usePresenceClient()
  const [blocks, setBlocks] = useState<readonly string[]>([])
  const [problem, setProblem] = useState<BlocksState['problem']>(null)

  useEffect(() => {
    own.blocks().then(
      (told) => setBlocks(told.map(({ userId }) => userId)),
      (error: unknown) => setProblem(explain(error)),
    )
  }, [own])

  const attempt = async (kept: readonly string[], ask: () => Promise<void>): Promise<void> => {
    setBlocks(kept)
    setProblem(null)
    try {
      await ask()
    } catch (error) {
      setProblem(explain(error))
      setBlocks(await own.blocks().then((told) => told.map(({ userId }) => userId)))
    }
  }

  return {
    blocks,
    problem,
    block(userId) {
      if (userId !== '') void attempt([userId, ...blocks], () => own.block(userId))
    },
    unblock: (userId) =>
      void attempt(
        blocks.filter((other) => other !== userId),
        () => own.unblock(userId),
      ),
  }
}
