import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Server } from 'socket.io'

/** Longest time that requests under way may take to finish, in milliseconds. */
const FINISH_MS = 1_000

/** What requests come in by: an HTTP server, or what stands for one. */
export interface Closable extends Pick<HttpServer, 'closeIdleConnections' | 'closeAllConnections'> {
  /** Lets nobody in any more. @param done called when no request is left */
  close(done: () => void): unknown
}

/**
 * Takes a server out of service: nobody is let in, connections move, requests under way finish (R54).
 *
 * @param drain moves the connections
 * @param ms how long all of it may take
 */
export async function moveAway(http: Closable, io: Server, drain: () => Promise<void>, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  const closed = new Promise<void>((resolve) => void http.close(() => resolve()))
  turnAway(io)
  await drain()
  // Whoever was in the middle of arriving.
  io.engine.close()
  http.closeIdleConnections()
  const left = Math.max(0, deadline - performance.now())
  // A connection that a client keeps open for its next request would hold up everything.
  const cut = setTimeout(() => http.closeAllConnections(), Math.min(FINISH_MS, left / 2))
  await closed
  clearTimeout(cut)
}

/** A listening socket that is closed lets in those who polled here before: their connections stand. */
function turnAway(io: Server): void {
  const { opts } = io.engine as unknown as { opts: { allowRequest: AllowRequest } }
  opts.allowRequest = (_request, answer) => answer('this server is stopping', false)
}

type AllowRequest = (request: IncomingMessage, answer: (error: string, success: boolean) => void) => void
