import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

const PROGRAM = process.env['NGINX_PATH'] ?? 'nginx'
const DEPLOY = join(import.meta.dirname, '../../deploy/nginx')

/** An nginx of the test's own, with the files of deploy/nginx as they are, but for the nodes. */
export interface TestNginx {
  readonly url: string
  /** Requests that ended, with the `host:port` of the node that answered, the last one if several were tried. */
  served(): readonly Served[]
  stop(): Promise<void>
}

export interface Served {
  readonly upstream: string
  readonly status: number
  readonly sid: string
  readonly transport: string
}

export interface NginxOptions {
  /** Whether searches are answered from a cache. */
  readonly cachesSearches?: boolean
}

/** @param nodes URLs of what it stands in front of */
export async function startNginx(
  kind: 'sticky' | 'websocket-only',
  nodes: readonly string[],
  { cachesSearches = false }: NginxOptions = {},
): Promise<TestNginx> {
  const port = await freePort()
  const home = mkdtempSync(join(tmpdir(), 'porchlight-nginx-'))
  cpSync(DEPLOY, join(home, 'porchlight'), { recursive: true })
  writeFileSync(join(home, 'porchlight/nodes.conf'), nodes.map(nodeLine).join('\n'))
  edit(join(home, 'porchlight/search-cache.conf'), '/var/cache/nginx/porchlight', join(home, 'cache'))
  writeFileSync(join(home, 'nginx.conf'), config(kind, port, cachesSearches))
  const nginx = spawn(PROGRAM, ['-p', home, '-e', 'stderr', '-c', 'nginx.conf'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  nginx.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  // The program itself ends its workers; a SIGKILL would leave them.
  const onExit = (): void => void nginx.kill('SIGTERM')
  process.once('exit', onExit)
  const ended = new Promise<void>((resolve) => {
    nginx.once('error', (error) => {
      said += error.message
      resolve()
    })
    nginx.once('exit', () => resolve())
  })
  const stop = async (): Promise<void> => {
    nginx.kill('SIGTERM')
    await ended
    process.off('exit', onExit)
    rmSync(home, { recursive: true, force: true })
  }
  const died = ended.then(() => Promise.reject(new Error(`nginx ended before it listened (${PROGRAM}): ${said}`)))
  try {
    await Promise.race([listens(port), died])
  } catch (error) {
    await stop()
    throw error
  }
  died.catch(() => {})
  return {
    url: `http://127.0.0.1:${port}`,
    served: () => readFileSync(join(home, 'access.log'), 'utf8').trim().split('\n').map(parse),
    stop,
  }
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} does not say ${from}`)
  writeFileSync(file, text.replace(from, to))
}

const nodeLine = (url: string): string => `server ${new URL(url).host} max_fails=1 fail_timeout=5s;`

/** Two workers, so that what they have to share is shared; started as root, they stay it, as the folder is ours alone. */
const config = (kind: string, port: number, cachesSearches: boolean): string => `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 2;
pid nginx.pid;
events { worker_connections 2048; }
http {
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')}
  log_format served '$upstream_addr|$status|$arg_sid|$arg_transport';
  access_log access.log served;
  include porchlight/${kind}.conf;
  ${cachesSearches ? 'include porchlight/search-cache.conf;' : ''}
  server {
    listen 127.0.0.1:${port};
    # As behind another proxy: tests say which address a client has.
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    ${cachesSearches ? 'include porchlight/cached-search.conf;' : ''}
    include porchlight/proxy.conf;
  }
}
`

function parse(line: string): Served {
  const [upstreams = '', status = '', sid = '', transport = ''] = line.split('|')
  return { upstream: upstreams.split(', ').at(-1) ?? '', status: Number(status), sid, transport }
}

async function listens(port: number): Promise<void> {
  while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 20))
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
