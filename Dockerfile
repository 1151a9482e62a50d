# Debian, since the server underneath (uWebSockets.js) is built for glibc; Alpine will not do.
FROM node:22-bookworm-slim AS build
WORKDIR /postern
COPY . .
RUN npm ci --ignore-scripts && npm run build

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /postern
COPY package.json package-lock.json .npmrc ./
# Without load/: the load tool and what only it needs are not installed.
COPY documents/package.json documents/
RUN npm ci --omit=dev --ignore-scripts
COPY --from=build /postern/documents/dist documents/dist
COPY --from=build /postern/dist dist
# An example. Your own APIs go in its place: --volume ./apis:/postern/routes:ro
COPY routes/echo routes/echo
USER node
EXPOSE 8080 8081
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["start", "routes"]
