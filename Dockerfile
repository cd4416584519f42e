# syntax=docker/dockerfile:1
# The container image; `make image` builds it. Without Docker, `wfctl image save` writes one like it.

FROM rust:1.95.0-bookworm AS build
# There is no checkout in here that could be asked.
ARG WFCTL_GIT_COMMIT=""
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin wfctl \
    && install -D target/release/wfctl /out/wfctl \
    && install -d -m 0700 /out/data

# The C library that the program is linked with, and no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/wfctl /wfctl
COPY --from=build --chown=65532:65532 /out/data /var/lib/wfctl
USER 65532:65532
EXPOSE 8443
ENTRYPOINT ["/wfctl"]
