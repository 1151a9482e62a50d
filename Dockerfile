# Debian 13, since builds of uWebSockets.js are for glibc 2.38 or later. The one that npm has is for Node.js 20 and 22
# only: without another, Node.js itself is the server underneath (docs/servers.md). A build of the author's comes in with
#   docker build --build-arg UWS=https://codeload.github.com/uNetworking/uWebSockets.js/tar.gz/refs/tags/v20.57.0 .
FROM node:24-trixie-slim AS build
WORKDIR /postern
# What is installed is a layer of its own: it stays while no package.json, nor the lock, changes.
COPY package.json package-lock.json .npmrc ./
COPY documents/package.json documents/
COPY load/package.json load/
COPY packaging/package.json packaging/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-trixie-slim
ENV NODE_ENV=production
ARG UWS=
RUN if [ -n "$UWS" ]; then npm install --prefix /opt/uws --ignore-scripts --no-audit --no-fund "$UWS"; fi
ENV POSTERN_UWS_MODULE=${UWS:+/opt/uws/node_modules/uWebSockets.js}
WORKDIR /postern
COPY package.json package-lock.json .npmrc ./
# Without load/: the load tool and what only it needs are not installed.
COPY documents/package.json documents/
COPY packaging/package.json packaging/
RUN npm ci --omit=dev --ignore-scripts
COPY --from=build /postern/documents/dist documents/dist
COPY --from=build /postern/packaging packaging
COPY --from=build /postern/dist dist
# An example. Your own APIs go in its place: --volume ./apis:/postern/routes:ro
COPY routes/echo routes/echo
# Not root, and the files are root's: nothing here can be changed by what runs.
USER node
EXPOSE 8080 8081
# Whether the process answers. /readyz, which a load balancer asks, is another thing: a node that drains is healthy.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.POSTERN_MANAGEMENT_PORT ?? 8081}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["start", "routes"]
