# syntax=docker/dockerfile:1
# The platform's six programs. One build, one small image each: `docker build --target posts .`

FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bins -p edge-gateway -p auth -p posts -p comments -p media -p notifications \
    && mkdir /out && cp target/release/edge target/release/auth target/release/posts target/release/comments \
       target/release/media target/release/notifications /out/

FROM debian:bookworm-slim AS base
RUN useradd --system --uid 10001 --no-create-home newfeed && mkdir -p /srv/newfeed /var/lib/newfeed/media \
    && chown newfeed /var/lib/newfeed/media
WORKDIR /srv/newfeed
USER newfeed
STOPSIGNAL SIGTERM

FROM base AS edge
COPY --from=build /out/edge /usr/local/bin/
COPY conf conf
EXPOSE 8080
ENTRYPOINT ["edge"]
CMD ["run", "--config", "conf/edge.yaml"]

FROM base AS auth
COPY --from=build /out/auth /usr/local/bin/
EXPOSE 3001
ENTRYPOINT ["auth"]

FROM base AS posts
COPY --from=build /out/posts /usr/local/bin/
EXPOSE 3002
ENTRYPOINT ["posts"]

FROM base AS media
COPY --from=build /out/media /usr/local/bin/
EXPOSE 3003
ENTRYPOINT ["media"]

FROM base AS comments
COPY --from=build /out/comments /usr/local/bin/
EXPOSE 3004
ENTRYPOINT ["comments"]

FROM base AS notifications
COPY --from=build /out/notifications /usr/local/bin/
EXPOSE 3005
ENTRYPOINT ["notifications"]
