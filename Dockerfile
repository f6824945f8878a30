# One node of Porchlight. How three of them stand behind nginx is in deploy/compose/compose.yaml; every variable in docs/options.md.

FROM node:22-bookworm-slim AS build
WORKDIR /porchlight
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.base.json tsconfig.build.json tsconfig.browser.json ./
COPY scripts scripts
COPY src src
COPY demo demo
COPY ops ops
RUN node scripts/build.js
# A host brings these four; here nobody else does. What runs needs neither the compiler nor the tests, nor the PostgreSQL that comes along
# for trying it out: a node in a container has one of yours (DATABASE_URL).
RUN node -e "const fs = require('node:fs'); const own = JSON.parse(fs.readFileSync('package.json', 'utf8')); for (const name of ['express', 'redis', 'sequelize', 'socket.io']) own.dependencies[name] = own.devDependencies[name]; own.devDependencies = {}; fs.writeFileSync('package.json', JSON.stringify(own))" \
  && npm prune --omit=dev --omit=optional

FROM node:22-bookworm-slim
WORKDIR /porchlight
COPY --from=build /porchlight/package.json ./
COPY --from=build /porchlight/node_modules node_modules
COPY --from=build /porchlight/dist dist
ENV NODE_ENV=production PORT=3000
# Nothing here is written to: the file system may be read-only.
USER node
EXPOSE 3000
# Well is who takes part: a node that lost Redis or PostgreSQL still serves its clients, and a restart would not bring either back.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The program itself, so that SIGTERM reaches it: it moves its clients, writes what is unwritten and ends with 0.
CMD ["node", "dist/src/cli.js", "serve"]
