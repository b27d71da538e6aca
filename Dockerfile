# A static binary in an image without shell, package manager or C library. It
# writes to no disk and needs no rights: run it with a read-only root file system
# and no capabilities.
#
#   docker build -t s3-destination .
#   docker run --rm --read-only --cap-drop all -p 127.0.0.1:4196:4196 \
#     -e BUCKET=my-bucket -e AWS_REGION=eu-west-1 s3-destination
#
# It runs /config.yaml, which is config/docker.yaml: mount another there. Needs
# BuildKit (docker 20.10 with DOCKER_BUILDKIT=1, or later), podman or buildah.
# Checked by `make image-check`; the guide is docs/deployment.md.

# Replaceable, for registries behind a firewall. It must have Go and the
# certificates of authorities.
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm

# The compiler runs on the machine that builds, whatever it builds for.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
# Where modules come from, when not from the proxy that Go asks by default.
ARG GOPROXY
WORKDIR /src
COPY go.mod release.mod release.sum ./
RUN go mod download -modfile=release.mod
COPY cmd cmd
COPY internal internal
COPY plugin plugin
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=dev
ARG CREATED=unknown
# The cache is the builder's, and no part of any image.
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -modfile=release.mod -trimpath \
    -ldflags "-s -w -X main.version=${VERSION} -X main.date=${CREATED}" \
    -o /out/s3-destination ./cmd/s3-destination && mkdir /out/spool

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/s3-destination /
COPY LICENSE NOTICE /
COPY config/docker.yaml /config.yaml
# Where a volume for SPOOL_PATH belongs: a new one gets the owner from here.
COPY --from=build --chown=65532:65532 /out/spool /var/lib/s3-destination
ARG VERSION=dev
ARG CREATED=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="s3-destination" \
      org.opencontainers.image.description="Lands streams of records in S3 as partitioned, size-capped objects" \
      org.opencontainers.image.source="https://github.com/s3-destination/s3-destination" \
      org.opencontainers.image.documentation="https://github.com/s3-destination/s3-destination/blob/main/docs/deployment.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
# 4195: /metrics, /ready and /ping. 4196: records.
EXPOSE 4195 4196
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["/s3-destination", "health"]
ENTRYPOINT ["/s3-destination"]
CMD ["run", "/config.yaml"]
