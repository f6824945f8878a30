// npm run api [-- --out docs/api]: writes what can be imported, from the types and their comments.
import { register } from 'node:module'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import './install.js'

// TypeScript 7 has no JavaScript API to read sources by; TypeScript 6 has, and reads ours alike.
register(
  `data:text/javascript,${encodeURIComponent(`
  export const resolve = (name, context, next) => next(name === 'typescript' ? 'typescript-6' : name, context)
`)}`,
)

const { values } = parseArgs({ options: { out: { type: 'string' } } })
const { Application, TSConfigReader, TypeDocReader } = await import('typedoc')
const typedoc = await Application.bootstrapWithPlugins({}, [new TypeDocReader(), new TSConfigReader()])
if (values.out !== undefined) typedoc.options.setValue('out', resolve(values.out))
const project = await typedoc.convert()
if (project) {
  typedoc.validate(project)
  await typedoc.generateOutputs(project)
}
// A comment that does not fit its code is a mistake.
if (!project || typedoc.logger.hasErrors() || typedoc.logger.hasWarnings()) process.exitCode = 1
