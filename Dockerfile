# Film restoration on the CPU. Build: docker build -t film-restore .
# Run:   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/films" film-restore /films/film.mp4 --colorize --to 4k

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# `prepare` needs the sources; install scripts of packages would download what is not needed here.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY package.json LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY models ./models
COPY presets ./presets
USER node
WORKDIR /films
# tini reaps what a killed run leaves behind, and passes the stop on: the film in work is parked.
ENTRYPOINT ["tini", "--", "node", "/app/dist/cli/main.js"]
CMD ["--help"]
